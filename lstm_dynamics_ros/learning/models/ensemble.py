# SPDX-License-Identifier: Apache-2.0
"""Several members as one model: their mean, and how far they spread.

Each member was trained without another part of the data, so where they disagree, the data did not
decide. Source: B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable predictive
uncertainty estimation using deep ensembles", NeurIPS 2017; L. Breiman, "Bagging predictors",
Machine Learning 24, 1996.
"""

from collections.abc import Sequence
from typing import cast

from lstm_dynamics_ros.learning.models.base import Model, ModelState, tagged
import torch
from torch import nn, Tensor


class Ensemble(Model):
    """Members of one family that see the same observations. Pure, as each of them is.

    The cells' states stand side by side in tensors of shape (L, N, M * H); the delay line and the
    friction elements follow from observations, which all members share, so there is one of each.
    The last prediction of torque observers is the mean's, since that is what is fed back to all.

    Args:
        members: At least one, of the same settings.
    """

    def __init__(self, members: Sequence[Model]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        first = members[0]
        self.forward_kind = first.forward_kind
        self.n_features, self.n_targets = first.n_features, first.n_targets
        self.n_joints = first.n_joints

    def exact(self) -> 'Ensemble':
        """See the base class."""
        return Ensemble([member.exact() for member in self._each()]).eval()

    def zero_state(self, batch: int) -> ModelState:
        """See the base class."""
        return _side_by_side([member.zero_state(batch) for member in self._each()])

    def step(self, observation: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """See the base class; the prediction is the mean."""
        predictions, after = self.step_each(observation, state)
        return predictions.mean(0), after

    def step_each(self, observation: Tensor, state: ModelState) -> tuple[Tensor, ModelState]:
        """Take one step and return what each member predicts, shape (M, N, D)."""
        taken = [
            member.step(observation, own)
            for member, own in zip(self._each(), self._apart(state), strict=True)
        ]
        predictions = torch.stack([prediction for prediction, _ in taken])
        after = _side_by_side([own for _, own in taken])
        return predictions, _remembering(after, predictions.mean(0))

    def sequence_each(self, observations: Tensor, state: ModelState) -> Tensor:
        """Take a sequence and return what each member predicts, shape (M, T, N, D)."""
        taken = [
            member.sequence(observations, own)[0]
            for member, own in zip(self._each(), self._apart(state), strict=True)
        ]
        return torch.stack(taken)

    def branches(
        self, observations: Tensor, state: ModelState, positions: Sequence[int], *, skip: int = 0
    ) -> tuple[Tensor, list[ModelState]]:
        """See the base class."""
        runs = [
            member.branches(observations, own, positions)
            for member, own in zip(self._each(), self._apart(state), strict=True)
        ]
        mean = torch.stack([predictions for predictions, _ in runs]).mean(0)
        kept = zip(*(states for _, states in runs), strict=True)
        after = [_side_by_side(states) for states in kept]
        return mean[skip:], [
            _remembering(own, mean[position])
            for own, position in zip(after, positions, strict=True)
        ]

    def error(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """See the base class."""
        return self._each()[0].error(predictions, targets)

    def _each(self) -> list[Model]:
        return cast('list[Model]', list(self.members))

    def _apart(self, state: ModelState) -> list[ModelState]:
        """Return the state of each member."""
        parts = [part.chunk(len(self.members), 2) for part in state.cell]
        cells = [state._replace(cell=own) for own in zip(*parts, strict=True)]
        if state.memory is None:
            return cells
        memories = state.memory.chunk(len(self.members), 1)
        return [own._replace(memory=memory) for own, memory in zip(cells, memories, strict=True)]


def spread(predictions: Tensor) -> Tensor:
    """Return the standard deviation between members, shape (M, ..., D) to (..., D).

    Divided by M - 1; zero for one member.
    """
    members = len(predictions.unbind(0))  # a number even while the exporter traces
    deviation = predictions - predictions.mean(0)
    return (deviation.square().sum(0) / max(1, members - 1)).sqrt()


def _side_by_side(states: Sequence[ModelState]) -> ModelState:
    """Return the states of members as that of the ensemble."""
    cells = zip(*(state.cell for state in states), strict=True)
    cell = tuple(torch.cat(parts, 2) for parts in cells)
    memories = [state.memory for state in states if state.memory is not None]
    memory = torch.cat(memories, 1) if memories else None
    return states[0]._replace(cell=cell, memory=memory)


def _remembering(state: ModelState, prediction: Tensor) -> ModelState:
    """Return a state that remembers a prediction as the last one, if it remembers any."""
    if state.last_prediction is None:
        return state
    return state._replace(last_prediction=tagged(prediction))
