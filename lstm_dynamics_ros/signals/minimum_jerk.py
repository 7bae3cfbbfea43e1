# SPDX-License-Identifier: Apache-2.0
"""Smooth steps from 0 to 1 that motions and torque start, stop and switch with."""

from typing import Any, overload

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
import numpy as np

PEAK_RATE = 1.875
"""Largest first derivative of the step, at its middle."""

PEAK_CHANGE = 10.0 / np.sqrt(3.0)
"""Largest second derivative of the step, at (1 -+ 1 / sqrt(3)) / 2."""


@overload
def minimum_jerk(phase: float) -> tuple[float, float, float]: ...
@overload
def minimum_jerk(phase: Matrix) -> tuple[Matrix, Matrix, Matrix]: ...
def minimum_jerk(
    phase: float | Matrix,
) -> tuple[float, float, float] | tuple[Matrix, Matrix, Matrix]:
    """Return the step of least jerk from 0 to 1 and its two derivatives.

    Source: T. Flash, N. Hogan, The coordination of arm movements, 1985, eq. 8.

    Args:
        phase: Time over duration, a number or an array; clipped to [0, 1].
    """
    x: Any = min(max(phase, 0.0), 1.0) if isinstance(phase, float) else np.clip(phase, 0.0, 1.0)
    rest = 1.0 - x
    value = x**3 * (10.0 - 15.0 * x + 6.0 * x**2)
    return value, 30.0 * x**2 * rest**2, 60.0 * x * rest * (1.0 - 2.0 * x)


def smoothstep(x: float) -> float:
    """Return a smooth step from 0 at x <= 0 to 1 at x >= 1, flat at both ends."""
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)


RAMP = 0.1
"""Time in which a joint is thought to reach its velocity limit [s]; bounds the acceleration."""


class Shift:
    """A minimum-jerk way from an offset to zero, no faster than the velocity limits.

    Args:
        start_ns: When it starts to fade [ns]; before, it is the whole offset.
        offset: Offset at the start [rad] or [m], shape (n_joints,).
        limits: Largest speeds [rad/s] or [m/s], shape (n_joints,); infinity for none.
    """

    def __init__(self, start_ns: int, offset: Vector, limits: Vector) -> None:
        self._start_ns = start_ns
        self._offset = offset
        distance = np.abs(offset) / limits
        slowest = np.maximum(PEAK_RATE * distance, np.sqrt(PEAK_CHANGE * distance * RAMP))
        self._duration = max(float(slowest.max()), 1e-3)
        self.end_ns = start_ns + round(self._duration * NANOSECONDS)
        """When nothing is left of it [ns]."""

    def at(self, stamp_ns: int) -> Matrix:
        """Return offset, its velocity and its acceleration at a time [ns], (3, n_joints)."""
        duration = self._duration
        faded, rate, change = minimum_jerk((stamp_ns - self._start_ns) / NANOSECONDS / duration)
        shape = 1.0 - faded, -rate / duration, -change / (duration * duration)
        rows: Matrix = np.multiply.outer(shape, self._offset)
        return rows
