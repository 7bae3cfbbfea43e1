# SPDX-License-Identifier: Apache-2.0
"""Explanation of a model file on recordings: what it depends on, remembers and knows."""

from collections.abc import Mapping, Sequence

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.interpretation.card_inputs import (
    card_inputs,
    in_a_row,
    Run,
    spread_out,
    Stretches,
)
from lstm_dynamics_ros.learning.interpretation.contraction import measure_contraction
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.explanation import (
    Array,
    Attribution,
    Contraction,
    Explanation,
    HistoryAblation,
    NodeActivity,
    Probe,
)
from lstm_dynamics_ros.learning.interpretation.history_ablation import measure_history_ablation
from lstm_dynamics_ros.learning.interpretation.influence import measure_influence
from lstm_dynamics_ros.learning.interpretation.integrated_gradients import attribute
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput, observe, Observed
from lstm_dynamics_ros.learning.interpretation.probes import (
    folds,
    label_names,
    labels,
    memoryless_inputs,
    probe,
)
from lstm_dynamics_ros.learning.interpretation.settings import ExplainSettings
from lstm_dynamics_ros.learning.interpretation.unit_memory import node_activity
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import torch

SCALE = 1000
"""Steps of the progress of each part."""

BLOCK = 400
"""Rows of the blocks the model is watched over."""

MOST_BLOCKS = 40
"""Most blocks: 80 s at 200 Hz."""

LEAST_RECENT = 20
"""Fewest ages whose contributions are kept apart [steps]."""

MOST_RECENT = 160
"""Most ages whose contributions are kept apart [steps]."""

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
    progress: Progress = no_progress,
) -> Explanation:
    """Look inside a model.

    Args:
        loaded: The model.
        segments: Recordings on the grid of the model, with its joints in its order.
        settings: How closely to look.
        payloads: Payload of each trajectory [kg] by its name, if known; the hidden units are then
            searched for it.
        progress: Called with the name of each part of the work.

    Raises:
        DataError: If the recordings are too short, or lack a signal.
        JointNamesError: If they are of other joints.
        ModelFileError: If the model has no differentiable form.
        UnknownNameError: If it has no such target.
    """
    chosen = settings or ExplainSettings()
    torch.set_num_threads(chosen.threads or torch.get_num_threads())
    card, warm = loaded.card, loaded.card.washout_steps
    output, runs = ExplainedOutput(card, chosen.target), card_inputs(card, segments)
    window = _window(card, runs, chosen)
    model, part = DifferentiableModel(loaded), _Parts(progress)
    blocks = in_a_row(runs, min(BLOCK, _longest(runs) - warm), warm, MOST_BLOCKS)
    seen = observe(model, output, blocks.observations, warm, part('watching the model'))
    spread = np.maximum(seen.outputs.reshape(-1, card.n_joints).std(0), 1e-12)

    moments = spread_out(runs, warm + window + 1, chosen.moments).observations
    update = part('Jacobians over time')
    influence = measure_influence(model, output, moments, warm, spread, update)
    update = part('history ablation')
    history = measure_history_ablation(model, output, moments[warm:], spread, update)
    update, ages = part('integrated gradients'), _recent(history, window)
    attribution = _attribution(loaded, output, moments, ages, spread, update)
    nodes = _nodes(model, seen, window, part('memory of the units'))
    probes, left_out = _probes(card, runs, blocks, seen, warm, payloads or {})
    contraction = _contraction(model, output, runs)
    part('done')(1, 1, '')
    return Explanation(
        card=card,
        sha256=loaded.sha256,
        recordings=tuple(dict.fromkeys(run.name for run in runs)),
        rows=seen.outputs[..., 0].size,
        kind=output.kind,
        outside=_outside(card, runs),
        influence=influence,
        history=history,
        attribution=attribution,
        nodes=nodes,
        probes=probes,
        probed_by=left_out,
        contraction=contraction,
    )


class _Parts:
    """Splits one progress bar among the parts of the work."""

    COUNT = 6

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._number = -1

    def __call__(self, what: str) -> Progress:
        self._number += 1
        first, end = self._number * SCALE, self.COUNT * SCALE

        def update(done: int, total: int, _: str) -> None:
            self._progress(min(first + SCALE * done // max(1, total), end), end, what)

        update(0, 1, '')
        return update


def _longest(runs: Sequence[Run]) -> int:
    """Return the rows of the longest run."""
    return max(len(run) for run in runs)


def _window(card: ModelCard, runs: Sequence[Run], settings: ExplainSettings) -> int:
    """Return the largest age that is looked at [steps]."""
    longest = _longest(runs)
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


def _recent(history: HistoryAblation, window: int) -> int:
    """Return the ages whose contributions are kept apart [steps]: no output depends on others."""
    late = np.flatnonzero((history.change > NEGLIGIBLE).any(1))
    settled = min(int(late[-1]) + 1, len(history.change) - 1) if len(late) else 0
    return min(int(np.clip(history.ages[settled], LEAST_RECENT, MOST_RECENT)), window)


def _attribution(
    loaded: LoadedModel,
    output: ExplainedOutput,
    moments: Array,
    recent: int,
    spread: Array,
    progress: Progress,
) -> Attribution:
    """Return the integrated gradients at a few moments, in float32 for speed."""
    few = moments[:, :: max(1, moments.shape[1] // FEW)]
    fast = DifferentiableModel(loaded, dtype=torch.float32)
    return attribute(fast, output, few, len(few) - recent - 1, spread, progress)


def _contraction(
    model: DifferentiableModel, output: ExplainedOutput, runs: Sequence[Run]
) -> Contraction:
    """Return how fast copies from random hidden states agree over a few long stretches."""
    warm = model.card.washout_steps
    rows = spread_out(runs, min(2 * (warm + 50), _longest(runs)), 16).observations
    return measure_contraction(model, output, rows, rows[: warm + 1, ::-1].copy())


def _nodes(
    model: DifferentiableModel, seen: Observed, window: int, progress: Progress
) -> tuple[NodeActivity, ...]:
    """Return what the gates and units of every recurrent node did."""
    nodes = []
    for number, (node, record) in enumerate(zip(model.recurrent, seen.nodes, strict=True)):
        progress(number, len(model.recurrent), '')
        nodes.append(node_activity(node, record, model.card.dt, window))
    return tuple(nodes)


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
        memoryless_inputs(card, inputs),
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
