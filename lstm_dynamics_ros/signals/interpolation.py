# SPDX-License-Identifier: Apache-2.0
"""Polynomials between two points of a reference."""

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS
import numpy as np

# Coefficients over s = 0..1 from (q0, v0 T, a0 T^2, q1, v1 T, a1 T^2): Hermite interpolation.
_CUBIC = np.array(
    [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [-3, -2, 0, 3, -1, 0],
        [2, 1, 0, -2, 1, 0],
        [0] * 6,
        [0] * 6,
    ],
    float,
)
_QUINTIC = np.array(
    [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 0.5, 0, 0, 0],
        [-10, -6, -1.5, 10, -4, 0.5],
        [15, 8, 1.5, -15, 7, -1],
        [-6, -3, -0.5, 6, -3, 0.5],
    ],
    float,
)


class Knot:
    """One point: rows of position, velocity and acceleration, (3, n_joints)."""

    __slots__ = ('has_acceleration', 'has_velocity', 'rows', 'segment')

    def __init__(self, rows: Matrix, *, has_velocity: bool, has_acceleration: bool) -> None:
        self.rows = rows
        self.has_velocity = has_velocity
        """Whether the velocity was given, not derived."""
        self.has_acceleration = has_acceleration
        """Whether the acceleration was given, not derived."""
        self.segment: Matrix | None = None
        """Coefficients up to the next knot, (6, n_joints); None until needed."""


class Path:
    """Looks up what is between two knots: a quintic if both have accelerations, else a cubic."""

    def __init__(self) -> None:
        self._basis = np.zeros((3, 6))

    def at(self, stamp_ns: int, ends_ns: tuple[int, int], first: Knot, second: Knot) -> Matrix:
        """Return position, velocity and acceleration at a time [ns], (3, n_joints)."""
        duration = (ends_ns[1] - ends_ns[0]) / NANOSECONDS
        segment = first.segment
        if segment is None:
            segment = first.segment = _coefficients(first, second, duration)
        s, per = (stamp_ns - ends_ns[0]) / NANOSECONDS / duration, 1.0 / duration
        s2, per2 = s * s, per * per
        s3 = s2 * s
        basis = self._basis
        basis[0] = 1.0, s, s2, s3, s2 * s2, s2 * s3
        basis[1] = 0.0, per, 2 * s * per, 3 * s2 * per, 4 * s3 * per, 5 * s2 * s2 * per
        basis[2] = 0.0, 0.0, 2 * per2, 6 * s * per2, 12 * s2 * per2, 20 * s3 * per2
        rows: Matrix = basis @ segment
        return rows


def _coefficients(first: Knot, second: Knot, duration: float) -> Matrix:
    quintic = first.has_acceleration and second.has_acceleration
    scale = np.array([[1.0], [duration], [duration * duration]])
    ends = np.concatenate([first.rows * scale, second.rows * scale])
    found: Matrix = (_QUINTIC if quintic else _CUBIC) @ ends
    return found
