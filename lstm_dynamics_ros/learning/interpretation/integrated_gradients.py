# SPDX-License-Identifier: Apache-2.0
"""Integrated gradients over time: contributions of inputs that add up to the output.

Source: M. Sundararajan, A. Taly, Q. Yan, "Axiomatic attribution for deep networks", ICML 2017::

    a_i = (x_i - x0_i) * integral_0^1  dF/dx_i (x0 + s (x - x0)) ds

Here x is a stretch of inputs, F the output after its last row of a model that has seen nothing
before, and x0 a robot that rests at the mean of the training data. Their sum over all features and
ages is F(x) - F(x0) (completeness), which is checked. What the true output, of a model that knows
all the past, differs from F(x) is what is older. The integral is by midpoints, and with many of
them where few are not enough: a model of gear ripple swings along the path.
"""

from typing import NamedTuple

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.progress import no_progress, part_of, Progress
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.explanation import Array, Attribution
from lstm_dynamics_ros.learning.interpretation.influence import LARGEST_GRAPH, output_gradients
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
import numpy as np
import torch
from torch import Tensor

POINTS = (32, 192)
"""Points of the path that are evaluated; the latter if the former leave too large a gap."""

LARGEST_GAP = 0.02
"""Gap in the completeness that is small enough."""


class Contributions(NamedTuple):
    """What everything contributes to the last output of N stretches."""

    inputs: Array
    """Shape (D, T, N, F)."""
    change: Array
    """What they must add up to, shape (N, D)."""
    older: Array
    """What the past before the stretch adds to that, shape (N, D)."""

    @property
    def gap(self) -> float:
        """Largest difference to that, as a share of the largest change of each output."""
        largest = np.maximum(np.abs(self.change).max(0), 1e-12)
        return float((np.abs(self.inputs.sum((1, 3)).T - self.change).max(0) / largest).max())


def training_mean(card: ModelCard, observations: Array) -> Array:
    """Return the baseline: the mean of each feature in training, shape (F,).

    A feature whose range the card does not hold takes its mean over the given observations.
    """
    own = observations.reshape(-1, observations.shape[-1]).mean(0)
    known = card.training_ranges
    means = [
        known[signal.name].mean if signal.name in known else own[i]
        for i, signal in enumerate(card.features)
    ]
    return np.array(means)


def contributions(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Array,
    before: int,
    baseline: Array,
    *,
    points: int,
    progress: Progress = no_progress,
) -> Contributions:
    """Return the contribution of every input to the last output of each stretch.

    Args:
        model: The model.
        output: Outputs that are explained.
        observations: Stretches, shape (before + T, N, F).
        before: Rows at the start of each that are the past before the stretch.
        baseline: The row that a resting robot repeats, shape (F,).
        points: Points of the path.
        progress: Called after each output.
    """
    everything = model.tensor(observations)
    rows = everything[before:]
    start = model.tensor(baseline).expand_as(rows)
    steps, count, features = rows.shape
    shares = (torch.arange(points, dtype=model.dtype) + 0.5) / points
    size = max(1, LARGEST_GRAPH // steps // count)
    chunks = [shares[first : first + size] for first in range(0, points, size)]
    total = torch.zeros((), dtype=model.dtype)
    for number, chunk in enumerate(chunks):
        path = start + chunk.reshape(-1, 1, 1, 1) * (rows - start)  # (points, T, N, F)
        path = path.transpose(0, 1).flatten(1, 2)

        state, part = model.zero_state(path.shape[1]), part_of(progress, number, len(chunks))
        gradients = output_gradients(model, output, path, state, part)
        total = total + gradients.reshape(len(gradients), steps, -1, count, features).sum(2)
    true, alone, resting = (_last(model, output, part) for part in (everything, rows, start))
    return Contributions(
        (total * (rows - start) / points).double().numpy(), alone - resting, true - alone
    )


def attribute(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Array,
    before: int,
    spread: Array,
    progress: Progress = no_progress,
) -> Attribution:
    """Average the contributions of many moments.

    Args:
        model: The model.
        output: Outputs that are explained.
        observations: One stretch per moment, which is its last row, shape (before + T, N, F).
        before: Rows at the start of each that are the past before the stretch.
        spread: Standard deviation of each output, shape (D,).
        progress: Called after each output.
    """
    baseline = training_mean(model.card, observations)
    inputs = (model, output, observations, before, baseline)
    found = contributions(*inputs, points=_enough(*inputs), progress=progress)
    if found.gap > LARGEST_GAP:
        found = contributions(*inputs, points=POINTS[-1], progress=progress)
    parts, n = found.inputs, model.card.n_joints
    by_joint = parts.reshape(*parts.shape[:3], -1, n).sum((1, 3))  # (D, N, n)

    def rms(values: Array, axis: int) -> Array:
        return np.asarray(np.sqrt((values**2).mean(axis)))

    return Attribution(
        by_feature=rms(parts.sum(1), 1) / spread[:, None],
        by_joint=rms(by_joint, 1) / spread[:, None],
        by_age=rms(parts.sum(3), 2)[:, ::-1] / spread[:, None],
        older=rms(found.older, 0) / spread,
        total=rms(found.change + found.older, 0) / spread,
        gap=found.gap,
        moments=observations.shape[1],
    )


def _enough(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Array,
    before: int,
    baseline: Array,
) -> int:
    """Return how many points are enough at the moment that is farthest from the baseline."""
    size = np.maximum(observations.std((0, 1)), 1e-12)
    far = int((((observations[-1] - baseline) / size) ** 2).sum(1).argmax())
    one = observations[:, far : far + 1]
    for points in POINTS[:-1]:
        if contributions(model, output, one, before, baseline, points=points).gap < LARGEST_GAP:
            return points
    return POINTS[-1]


@torch.no_grad()
def _last(model: DifferentiableModel, output: ExplainedOutput, rows: Tensor) -> Array:
    """Return the outputs after the last row of a model that has seen nothing before, (N, D)."""
    predictions, _ = model.sequence(rows, model.zero_state(rows.shape[1]))
    return np.asarray(output(predictions[-1], rows[-1]).double().numpy())
