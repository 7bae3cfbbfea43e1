# SPDX-License-Identifier: Apache-2.0
"""Takes a jump of the reference slowly: an offset that fades from the jump to nothing."""

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
import numpy as np

RAMP = 0.1
"""Time in which a joint is thought to reach its velocity limit [s]; bounds the acceleration."""


class Shift:
    """A minimum-jerk way from an offset to zero, no faster than the velocity limits.

    Its peaks are 15/8 of distance over time and 10/sqrt(3) of distance over time squared.

    Args:
        start_ns: When it starts to fade [ns]; before, it is the whole offset.
        offset: Offset at the start [rad] or [m], shape (n_joints,).
        limits: Largest speeds [rad/s] or [m/s], shape (n_joints,); infinity for none.
    """

    def __init__(self, start_ns: int, offset: Vector, limits: Vector) -> None:
        self._start_ns = start_ns
        self._offset = offset
        distance = np.abs(offset) / limits
        slowest = np.maximum(15 / 8 * distance, np.sqrt(10 / np.sqrt(3) * distance * RAMP))
        self._duration = max(float(slowest.max()), 1e-3)
        self.end_ns = start_ns + round(self._duration * NANOSECONDS)
        """When nothing is left of it [ns]."""

    def at(self, stamp_ns: int) -> Matrix:
        """Return offset, its velocity and its acceleration at a time [ns], (3, n_joints)."""
        duration = self._duration
        s = min(max((stamp_ns - self._start_ns) / NANOSECONDS / duration, 0.0), 1.0)
        shape = (
            1.0 - s**3 * (10.0 - 15.0 * s + 6.0 * s * s),
            -30.0 * (s * (1.0 - s)) ** 2 / duration,
            -60.0 * s * (1.0 - s) * (1.0 - 2.0 * s) / (duration * duration),
        )
        rows: Matrix = np.multiply.outer(shape, self._offset)
        return rows
