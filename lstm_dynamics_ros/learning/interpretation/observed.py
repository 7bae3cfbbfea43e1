# SPDX-License-Identifier: Apache-2.0
"""The outputs a model is explained by, and runs with its inside recorded: states and gates."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.explanation import Array
import numpy as np
import torch
from torch import Tensor


class ExplainedOutput:
    """One kind of target per joint, of a forward model as the change it predicts.

    A forward model's next position is the measured one and a small change. The derivative by the
    measured one is 1, whatever the model; that of the change is its own.

    Args:
        card: Card of the model.
        kind: Kind of target; empty takes velocity, position or effort, the first there is for
            a forward model, and effort for another.

    Raises:
        UnknownNameError: If the model has no such target.
    """

    def __init__(self, card: ModelCard, kind: str = '') -> None:
        known = [signal.kind for signal in card.targets[:: card.n_joints]]
        usual = [k for k in ('velocity', 'position', 'effort') if k in known]
        self.kind: str = kind or usual[0]
        """Kind of the targets."""
        where = card.columns(self.kind, of='targets')
        if where is None:
            raise UnknownNameError('target', self.kind, known)
        self._where = where
        self._from = card.columns(self.kind) if card.model_kind == 'forward' else None

    def __call__(self, prediction: Tensor, observation: Tensor) -> Tensor:
        """Return the explained outputs, shape (N, n_joints), of a prediction (N, D)."""
        target = prediction[..., self._where]
        return target if self._from is None else target - observation[..., self._from]


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
    progress: Progress = no_progress,
) -> Observed:
    """Run a model over stretches and record what goes on inside.

    Args:
        model: The model.
        output: Outputs that are recorded.
        observations: Shape (before + T, N, F).
        before: Rows at the start that only warm the hidden state up.
        progress: Called with the rows done.
    """
    rows = model.tensor(observations)
    state = model.zero_state(rows.shape[1])
    explained, inside = [], []
    for number, row in enumerate(rows):
        outputs, state, activities = model.observed_step(row, state)
        if number >= before:
            explained.append(output(outputs['prediction'], row).numpy())
            inside.append(activities)
        if number % 50 == 0:
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
    return Observed(np.array(explained), tuple(nodes))


def _stacked(rows: Sequence[torch.Tensor]) -> Array:
    return torch.stack(list(rows)).double().numpy()
