# SPDX-License-Identifier: Apache-2.0
"""Finds cogging: disturbances that repeat many times per turn of a joint.

Too fine for a network to discover by itself, yet plain in what a linear model leaves over: its
residual has one line in the spectrum over the joint angle.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
import torch
from torch import Tensor

FEWEST = 5
"""Smallest number of periods per turn: sines and cosines of the angle cover slower ones."""

THRESHOLD = 6.0
"""A line counts when it stands this many times above the median of the spectrum."""

_ROWS = 60_000
"""Rows that are looked at, spread over the data."""

_CHUNK = 4096


@torch.no_grad()
def find_ripple(
    model: DynamicsModel,
    runs: Sequence[Trajectory],
    changes: Sequence[Tensor],
    history: int,
    limit: int,
) -> Tensor:
    """Return the cogging periods per turn of each angle the model sees, 0 where there is none.

    Args:
        model: Model whose linear part is fitted.
        runs: Training data.
        changes: What the linear part should have given, before scaling, per run.
        history: Length of the delay line [steps].
        limit: Largest number of periods per turn.
    """
    n_angles, n_joints = len(model.angles), model.n_joints
    periods = torch.arange(FEWEST, max(limit, FEWEST) + 1, dtype=torch.float32)
    kinds = [k for k in range(model.n_targets // n_joints) if k > 0 or not model.forward_kind]
    spectrum = torch.zeros(len(kinds), n_angles, len(periods), 2, dtype=torch.float64)
    power = torch.zeros(len(kinds), n_angles, dtype=torch.float64)
    stride = max(1, sum(len(change) for change in changes) // _ROWS)
    weight = model.linear.weight
    if model.line is not None:
        weight = torch.cat([weight, model.line.weight.flatten(1)], 1)
    rows = 0
    for run, change in zip(runs, changes, strict=True):
        if len(change) <= history:
            continue
        seen = run.observations[: len(change)]
        linear = model.regressors(seen, model.slipping(seen)) @ weight.t()
        left = (change - model.target_mean) / model.target_std - linear - model.linear.bias
        left = left[history::stride]
        angle = run.observations[history : len(change) : stride][:, model.angles]
        for part, at in zip(torch.split(left, _CHUNK), torch.split(angle, _CHUNK), strict=True):
            rows += len(part)
            for j, joint in enumerate(model.angles):
                phase = at[:, j : j + 1] * periods
                waves = torch.stack([phase.cos(), phase.sin()], 2).flatten(1)
                columns = part[:, [k * n_joints + joint for k in kinds]]
                power[:, j] += columns.double().square().sum(0)
                spectrum[:, j] += (columns.t() @ waves).double().reshape(len(kinds), -1, 2)
    if not rows:
        return torch.zeros(n_angles)
    lines = spectrum.square().sum(-1).sqrt() / (rows * power).sqrt().unsqueeze(-1).clamp_min(1e-30)
    strength = lines.sum(0)
    peak, where = strength.max(1)
    clear = peak > THRESHOLD * strength.median(1).values
    return torch.where(clear, periods[where], torch.zeros_like(peak, dtype=torch.float32))
