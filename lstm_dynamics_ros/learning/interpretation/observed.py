# SPDX-License-Identifier: Apache-2.0
"""A model run over recordings with its inside recorded: states, gates, what its cells were fed."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.explained_output import ExplainedOutput
import numpy as np
from numpy.typing import NDArray
import torch

Array = NDArray[np.float64]


class NodeRecord(NamedTuple):
    """What went on in one recurrent node, T rows of N stretches."""

    inputs: Array
    """Shape (T, N, I)."""
    before: Array
    """State before each row, shape (T, N, S)."""
    hidden: Array
    """Output of the node after each row, shape (T, N, H)."""
    gates: dict[str, Array]
    """Openness of each gate, shape (T, N, H)."""


class Observed(NamedTuple):
    """What a model did over T rows of N stretches."""

    outputs: Array
    """Explained outputs, shape (T, N, D)."""
    nodes: tuple[NodeRecord, ...]
    """Recurrent nodes."""


@torch.no_grad()
def observe(
    model: DifferentiableModel,
    output: ExplainedOutput,
    observations: Array,
    before: int,
    progress: Progress | None = None,
) -> Observed:
    """Run a model over stretches and record what goes on inside.

    Args:
        model: The model.
        output: Outputs that are recorded.
        observations: Shape (before + T, N, F).
        before: Rows at the start that only warm the hidden state up.
        progress: Told (done, total).
    """
    rows = model.tensor(observations)
    state = model.zero_state(rows.shape[1])
    told, inside = [], []
    for number, row in enumerate(rows):
        outputs, state, activities = model.observed_step(row, state)
        if number >= before:
            told.append(output(outputs['prediction'], row).numpy())
            inside.append(activities)
        if progress is not None and number % 50 == 0:
            progress(number, len(rows), '')
    nodes = []
    for which, node in enumerate(model.recurrent):
        mine = [activities[which] for activities in inside]
        nodes.append(
            NodeRecord(
                inputs=_stacked([item.inputs for item in mine]),
                before=_stacked([item.before for item in mine]),
                hidden=_stacked([item.hidden for item in mine]),
                gates={
                    name: _stacked([item.gates[name] for item in mine]) for name in node.gate_names
                },
            )
        )
    return Observed(np.array(told), tuple(nodes))


def _stacked(rows: Sequence[torch.Tensor]) -> Array:
    return torch.stack(list(rows)).double().numpy()
