# SPDX-License-Identifier: Apache-2.0
"""Integral action on the tracking error, as the I in PID."""

from typing import ClassVar, final

from lstm_dynamics_ros.control.base import ControlInput, Controller
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
import numpy as np


@final
class IntegralAction(Controller):
    """Sums up the tracking error, with conditional integration against wind-up.

    ``u += rate * stiffness * (reference - position) * period``: the gain of each joint is its own
    stiffness over the integral time, so that one number serves all joints.
    Source: K. J. Astrom, T. Hagglund, PID Controllers, 2nd ed., 1995, section 3.5.

    Args:
        rate: One over the integral time [1/s].
        stiffness: Position gains of the robot's own controller [N m/rad] (n_joints,).
        bound: Largest torque of each joint [N m] (n_joints,).
        period: Time between two steps [s].
    """

    computes_torque: ClassVar[bool] = True

    def __init__(self, rate: float, *, stiffness: Vector, bound: Vector, period: float) -> None:
        if not (rate >= 0 and period > 0):
            raise ConfigError(
                f'Integral action needs rate >= 0 and period > 0, got {rate} and {period}.'
            )
        self._gain = rate * period * stiffness
        self._bound = bound
        self._sum = np.zeros_like(bound)

    def torque(self, given: ControlInput) -> Vector:
        """See the base class."""
        if given.reference is not None and not given.frozen:
            error = given.reference.position - given.measured.position
            self._sum = np.clip(self._sum + self._gain * error, -self._bound, self._bound)
        return self._sum

    def reset(self) -> None:
        """See the base class."""
        self._sum = np.zeros_like(self._bound)
