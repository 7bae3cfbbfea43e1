# SPDX-License-Identifier: Apache-2.0
"""How heavy a payload would have to be to explain what the drives spent lately."""

from collections.abc import Sequence
import math

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

RANGE_NAME = 'payload'
"""Name of its range among the training ranges of a model card [kg]."""

MEMORY = 2.0
"""How long measurements count [s]: friction must have turned round a few times."""

FIRST = 0.5
"""What comes before this time is not looked at [s]: the low-pass of the disturbance starts with a
single difference of accelerations, which is mostly noise of the encoders."""

LEAST = 1e-9
"""Smallest sum of squares that can be divided by."""


class PayloadEstimate:
    """Mass that explains the disturbance best, by least squares that forget.

    ``m = sum(d F / s^2) / sum(F^2 / s^2)`` over joints and the last seconds, with what 1 kg
    cost ``F``. Friction and all else are noise to it, so it says whether a payload is within what
    a model was trained on, and no more.

    Args:
        scale: Usual size of the disturbance of each joint [N m] or [N], > 0, shape (n_joints,).
        period: Time between two updates [s].

    Raises:
        ConfigError: If the period or a scale is not positive.
    """

    def __init__(self, scale: Vector, period: float) -> None:
        if not (period > 0 and bool((scale > 0).all())):
            raise ConfigError(f'period and scale must be > 0, got {period} s and {scale}.')
        self._weight = 1.0 / (scale * scale)
        self._share = -math.expm1(-period / MEMORY)
        self._first = round(FIRST / period)
        self.reset()

    @property
    def mass(self) -> float:
        """The mass [kg]; 0 before there is anything to tell it from."""
        return self._above / self._below if self._below > LEAST else 0.0

    def reset(self) -> None:
        """Forget everything."""
        self._above = self._below = 0.0
        self._waits = self._first

    def update(self, disturbance: Vector, cost: Vector) -> float:
        """Take in the next step of the grid and return the mass [kg].

        Args:
            disturbance: Low-passed effort beyond the rigid-body model [N m] or [N], (n_joints,).
            cost: What 1 kg of payload cost, through the same low-pass [N m/kg] or [N/kg].
        """
        if self._waits > 0:
            self._waits -= 1
            return self.mass
        weighed = self._weight * cost
        self._above += self._share * (float(weighed @ disturbance) - self._above)
        self._below += self._share * (float(weighed @ cost) - self._below)
        return self.mass


def disturbance_scale(spread: Sequence[float]) -> Vector:
    """Return what joints are weighed against each other by, shape (n_joints,).

    Args:
        spread: Standard deviation of the disturbance of each joint in training [N m] or [N].
    """
    scale: Vector = np.maximum(np.array(spread), max(1e-3, 0.01 * max(spread)))
    return scale


def estimates(disturbance: Matrix, cost: Matrix, scale: Vector, period: float) -> Vector:
    """Return the mass after every step of a run [kg], shape (n_steps,).

    Args:
        disturbance: As in :meth:`PayloadEstimate.update`, shape (n_steps, n_joints).
        cost: Likewise.
        scale: Usual size of the disturbance of each joint, shape (n_joints,).
        period: Time between two steps [s].
    """
    own = PayloadEstimate(scale, period)
    return np.array([own.update(d, f) for d, f in zip(disturbance, cost, strict=True)])
