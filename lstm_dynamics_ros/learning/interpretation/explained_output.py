# SPDX-License-Identifier: Apache-2.0
"""The outputs a model is explained by: one per joint, without what it merely passes on."""

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import UnknownNameError
from torch import Tensor


class ExplainedOutput:
    """One kind of target, of a forward model as the change it predicts.

    A forward model's next position is the measured one and a small change. The derivative by the
    measured one is 1, which says nothing about the model; that of the change does.

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
        told = prediction[..., self._where]
        return told if self._from is None else told - observation[..., self._from]
