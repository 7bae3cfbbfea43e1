# SPDX-License-Identifier: Apache-2.0
"""Takes a jump of the reference slowly: an offset that fades from the jump to nothing."""

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.signals.minimum_jerk import minimum_jerk, PEAK_CHANGE, PEAK_RATE
import numpy as np

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
