# SPDX-License-Identifier: Apache-2.0
"""Observations of a model that is told what a rigid body says of the measured motion."""

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.card import ModelCard, PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.signals.rigid_body_effort import PriorEffort
import numpy as np


class PriorInput:
    """Makes the observations of such a model.

    Args:
        card: Card of a model with the feature ``prior_effort``.
        prior: Rigid-body prior of the card.

    Raises:
        ConfigError: If no prior is given.
    """

    def __init__(self, card: ModelCard, prior: Prior | None) -> None:
        if prior is None or card.physics_prior is None:
            raise ConfigError(
                f'{card.name} is told what a rigid-body model says of the motion, and none was '
                'given. Install pinocchio (pip install pin).'
            )
        self._effort = PriorEffort(
            prior,
            window=card.prior_window,
            delay=card.prior_delay,
            dt=card.dt,
            continuous=[kind == 'continuous' for kind in card.joint_types],
        )
        kinds = dict.fromkeys(signal.kind for signal in card.features)
        self._columns = [(kind, card.columns(kind)) for kind in kinds]
        self._row = np.zeros(len(card.features))

    def reset(self) -> None:
        """Forget what was measured."""
        self._effort.reset()

    def observe(self, state: JointState) -> Vector:
        """Return the observation of the next grid point, shape (n_features,).

        A measurement that is not finite is forgotten, and refused where the model is stepped.
        """
        if not (np.isfinite(state.position).all() and np.isfinite(state.velocity).all()):
            self.reset()
            self._row[:] = np.nan
            return self._row
        for kind, columns in self._columns:
            self._row[columns] = (
                self._effort.update(state.position, state.velocity)
                if kind == PRIOR_KIND
                else getattr(state, kind)
            )
        return self._row
