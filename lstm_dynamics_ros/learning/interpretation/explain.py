# SPDX-License-Identifier: Apache-2.0
"""Looks inside a model file on recordings: what it depends on, remembers and knows."""

from collections.abc import Mapping, Sequence

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.interpretation.card_inputs import card_inputs, Run
from lstm_dynamics_ros.learning.interpretation.contraction import measure_contraction
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.explained_output import ExplainedOutput
from lstm_dynamics_ros.learning.interpretation.explanation import Explanation, Probe
from lstm_dynamics_ros.learning.interpretation.history_ablation import measure_plain_past
from lstm_dynamics_ros.learning.interpretation.influence import measure_influence
from lstm_dynamics_ros.learning.interpretation.integrated_gradients import attribute
from lstm_dynamics_ros.learning.interpretation.observed import observe, Observed
from lstm_dynamics_ros.learning.interpretation.probe_labels import label_names, labels, told_now
from lstm_dynamics_ros.learning.interpretation.probes import folds, probe
from lstm_dynamics_ros.learning.interpretation.settings import ExplainSettings
from lstm_dynamics_ros.learning.interpretation.stretches import in_a_row, spread_out, Stretches
from lstm_dynamics_ros.learning.interpretation.unit_memory import node_activity
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray
import torch

Array = NDArray[np.float64]

SCALE = 1000
"""Steps of the progress of each part."""

BLOCK = 400
"""Rows of the blocks the model is watched over."""

MOST_BLOCKS = 40
"""Most blocks: 80 s at 200 Hz."""

LEAST_RECENT = 20
"""Fewest ages whose contributions are told apart [steps]."""

MOST_RECENT = 160
"""Most ages whose contributions are told apart [steps]."""

FEW = 6
"""Moments of the integrated gradients, each of which takes hundreds of runs."""

NEGLIGIBLE = 0.02
"""Change of an output, as a share of its spread, below which ages are summed up."""


def explain(
    loaded: LoadedModel,
    segments: Sequence[Segment],
    *,
    settings: ExplainSettings | None = None,
    payloads: Mapping[str, float] | None = None,
    progress: Progress | None = None,
) -> Explanation:
    """Look inside a model.

    Args:
        loaded: The model.
        segments: Recordings on the grid of the model, with its joints in its order.
        settings: How closely to look.
        payloads: Payload of each trajectory [kg] by its name, if known; the hidden units are then
            searched for it.
        progress: Told (done, total, what).

    Raises:
        DataError: If the recordings are too short, or lack a signal.
        JointNamesError: If they are of other joints.
        ModelFileError: If the model has no differentiable form.
        UnknownNameError: If it has no such target.
    """
    chosen = settings or ExplainSettings()
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    card = loaded.card
    output = ExplainedOutput(card, chosen.target)
    runs = card_inputs(card, segments)
    window = _window(card, runs, chosen)
    warm = card.washout_steps
    model = DifferentiableModel(loaded)
    part = _Parts(progress)

    block = min(BLOCK, max(len(run) for run in runs) - warm)
    blocks = in_a_row(runs, block, warm, MOST_BLOCKS)
    seen = observe(model, output, blocks.observations, warm, part('watching the model'))
    spread = np.maximum(seen.outputs.reshape(-1, card.n_joints).std(0), 1e-12)

    moments = spread_out(runs, warm + window + 1, chosen.moments).observations
    influence = measure_influence(
        model, output, moments, warm, spread, part('Jacobians over time')
    )
    past = measure_plain_past(model, output, moments[warm:], spread, part('plain past'))
    recent = int(np.clip(past.ages[_settled(past.change)], LEAST_RECENT, MOST_RECENT))
    recent = min(recent, window)
    few = moments[:, :: max(1, moments.shape[1] // FEW)]
    fast = DifferentiableModel(loaded, dtype=torch.float32)
    attribution = attribute(
        fast, output, few, len(few) - recent - 1, spread, part('integrated gradients')
    )
    update = part('memory of the units')
    nodes = []
    for number, (node, record) in enumerate(zip(model.recurrent, seen.nodes, strict=True)):
        update(number, len(model.recurrent), '')
        nodes.append(node_activity(node, record, card.dt, window))
    probes, left_out = _probes(card, runs, blocks, seen, warm, payloads or {})
    long = spread_out(runs, min(2 * (warm + 50), max(len(run) for run in runs)), 16)
    other = long.observations[: warm + 1, ::-1].copy()
    contraction = measure_contraction(model, output, long.observations, other)
    part('done')(1, 1, '')
    return Explanation(
        card=card,
        sha256=loaded.sha256,
        recordings=tuple(dict.fromkeys(run.name for run in runs)),
        rows=seen.outputs.shape[0] * seen.outputs.shape[1],
        kind=output.kind,
        outside=_outside(card, runs),
        influence=influence,
        past=past,
        attribution=attribution,
        nodes=tuple(nodes),
        probes=probes,
        probed_by=left_out,
        contraction=contraction,
    )


class _Parts:
    """Splits one progress bar among the parts of the work."""

    COUNT = 6

    def __init__(self, progress: Progress | None) -> None:
        self._progress = progress
        self._number = -1

    def __call__(self, what: str) -> Progress:
        self._number += 1
        first = self._number * SCALE

        def update(done: int, total: int, _: str) -> None:
            if self._progress is not None:
                now = min(first + SCALE * done // max(1, total), self.COUNT * SCALE)
                self._progress(now, self.COUNT * SCALE, what)

        update(0, 1, '')
        return update


def _window(card: ModelCard, runs: Sequence[Run], settings: ExplainSettings) -> int:
    """Return the largest age that is looked at [steps]."""
    longest = max(len(run) for run in runs)
    least = card.washout_steps + 60
    if longest < least:
        raise DataError(
            f'The longest stretch without gaps is {longest * card.dt:.2f} s, but looking inside '
            f'this model needs {least * card.dt:.2f} s: its washout of {card.washout_steps} steps '
            'and 60 more. Give a longer recording.'
        )
    wanted = round(settings.window / card.dt)
    usual = min(max(40, round(1.5 * card.washout_steps)), 600)
    if wanted:
        return wanted
    return min(usual, longest - card.washout_steps - 10)


def _settled(change: Array) -> int:
    """Return from which of the ages on no output changes noticeably."""
    late = np.flatnonzero((change > NEGLIGIBLE).any(1))
    return min(int(late[-1]) + 1, len(change) - 1) if len(late) else 0


def _probes(
    card: ModelCard,
    runs: Sequence[Run],
    blocks: Stretches,
    seen: Observed,
    warm: int,
    payloads: Mapping[str, float],
) -> tuple[tuple[Probe, ...], str]:
    """Return the probes, and what was left out in turn."""
    of_run = [labels(run, card.dt, payloads) for run in runs]
    length = len(seen.outputs)
    label = [
        of_run[i][start + warm : start + warm + length]
        for i, start in zip(blocks.runs, blocks.starts, strict=True)
    ]
    fold, left_out = folds([runs[i].name for i in blocks.runs], len(blocks.runs))
    if not seen.nodes:
        return (), left_out
    units = np.concatenate([node.hidden for node in seen.nodes], 2)
    names = [
        f'unit {unit}' if len(seen.nodes) == 1 else f'unit {unit} of node {number + 1}'
        for number, node in enumerate(seen.nodes)
        for unit in range(node.hidden.shape[2])
    ]
    inputs = blocks.observations[warm:].transpose(1, 0, 2).reshape(-1, len(card.features))
    found = probe(
        units.transpose(1, 0, 2).reshape(-1, units.shape[2]),
        told_now(card, inputs),
        np.concatenate(label),
        np.repeat(fold, length),
        label_names(card, payloads),
        names,
    )
    return found, left_out


def _outside(card: ModelCard, runs: Sequence[Run]) -> dict[str, float]:
    """Return the share of rows outside the training range, by feature."""
    rows = np.concatenate([run.observations for run in runs])
    result = {}
    for i, signal in enumerate(card.features):
        known = card.training_ranges.get(signal.name)
        if known is not None:
            beyond = (rows[:, i] < known.minimum) | (rows[:, i] > known.maximum)
            if beyond.any():
                result[signal.name] = float(beyond.mean())
    return result
