# SPDX-License-Identifier: Apache-2.0
"""Points of a reference over time, with polynomials between them."""

from bisect import bisect_left, bisect_right

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Vector
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.signals.trajectory_points import Points
import numpy as np

HISTORY_NS = 250_000_000
"""How long past points are kept, for measurements that come late [ns]."""

SLACK = 0.002
"""Uncertainty of stamps [s]: motion at the velocity limit for this long is no jump."""

RESTING_SHARE = 0.01
"""A trajectory that ends more slowly than this share of the velocity limits ends at rest."""

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


class PointTrack:
    """Points of a reference over time: looks up what is between them, and what follows the last.

    Between two points that both have accelerations lies a quintic, else a cubic.

    Args:
        limits: Largest speeds [rad/s] or [m/s], shape (n_joints,); infinity for none.
    """

    def __init__(self, limits: Vector) -> None:
        self._limits = limits
        self._basis = np.zeros((3, 6))
        self.reset()

    def reset(self) -> None:
        """Forget all points."""
        self.times: list[int] = []
        """When the points are due [ns], rising."""
        self.resting = False
        """Whether the last point holds until the next one comes."""
        self._knots: list[Knot] = []

    def at(self, stamp_ns: int, period_ns: int, timeout_ns: int) -> Matrix | None:
        """Return position, velocity and acceleration at a time [ns], (3, n_joints).

        Args:
            stamp_ns: The time [ns].
            period_ns: How long the last point goes on with its acceleration [ns].
            timeout_ns: How long it stands still after that [ns].

        Returns:
            None before the first point, and long after the last.
        """
        i = bisect_right(self.times, stamp_ns) - 1
        if i < 0:
            return None
        if i == len(self.times) - 1:
            return self._last(stamp_ns, period_ns, timeout_ns)
        return self._between(stamp_ns, i)

    def _between(self, stamp_ns: int, i: int) -> Matrix:
        """Return what is between the points i and i + 1."""
        first, second = self._knots[i], self._knots[i + 1]
        duration = (self.times[i + 1] - self.times[i]) / NANOSECONDS
        segment = first.segment
        if segment is None:
            segment = first.segment = _coefficients(first, second, duration)
        s, per = (stamp_ns - self.times[i]) / NANOSECONDS / duration, 1.0 / duration
        s2, per2 = s * s, per * per
        s3 = s2 * s
        basis = self._basis
        basis[0] = 1.0, s, s2, s3, s2 * s2, s2 * s3
        basis[1] = 0.0, per, 2 * s * per, 3 * s2 * per, 4 * s3 * per, 5 * s2 * s2 * per
        basis[2] = 0.0, 0.0, 2 * per2, 6 * s * per2, 12 * s2 * per2, 20 * s3 * per2
        rows: Matrix = basis @ segment
        return rows

    def _last(self, stamp_ns: int, period_ns: int, timeout_ns: int) -> Matrix | None:
        """Return what follows the last point."""
        beyond = stamp_ns - self.times[-1]
        rows = self._knots[-1].rows
        if self.resting:
            return np.stack([rows[0], np.zeros(len(rows[0])), np.zeros(len(rows[0]))])
        if beyond > timeout_ns:
            return None
        dt = min(beyond, period_ns) / NANOSECONDS
        position, velocity, acceleration = rows
        ahead = position + dt * velocity + 0.5 * dt * dt * acceleration
        return np.stack([ahead, velocity + dt * acceleration, acceleration])

    def move(self, offset: Vector) -> None:
        """Move all positions by an offset [rad] or [m], shape (n_joints,)."""
        for knot in self._knots:
            knot.rows[0] += offset
            knot.segment = None

    def trim(self, start_ns: int) -> None:
        """Drop what is replaced, and what is too old to be asked for."""
        times, knots = self.times, self._knots
        keep = bisect_left(times, start_ns)
        drop = min(max(0, bisect_left(times, start_ns - HISTORY_NS) - 1), keep)
        self.times, self._knots = times[drop:keep], knots[drop:keep]
        if not self._knots:
            return
        self._knots[-1].segment = None
        hold_ns = start_ns - nanoseconds(SLACK)
        if self.resting and hold_ns > self.times[-1]:
            self.insert(hold_ns, self._knots[-1].rows * np.array([[1.0], [0.0], [0.0]]))

    def insert(self, stamp_ns: int, rows: Matrix) -> None:
        """Add one point of which all is known: (3, n_joints)."""
        self.times.append(stamp_ns)
        self._knots.append(Knot(rows, has_velocity=True, has_acceleration=True))

    def append(self, points: Points, timeout_ns: int) -> None:
        """Add new points, and work out the velocities and accelerations they do not bring."""
        n_points, n_joints = points.position.shape
        rows = np.zeros((n_points, 3, n_joints))
        rows[:, 0] = points.position
        if points.velocity is not None:
            rows[:, 1] = points.velocity
        if points.acceleration is not None:
            rows[:, 2] = points.acceleration
        given = points.velocity is not None, points.acceleration is not None
        old = len(self._knots)
        self.times += points.stamp_ns.tolist()
        self._knots += [
            Knot(row, has_velocity=given[0], has_acceleration=given[1]) for row in rows
        ]
        longer = self.times[-1] - points.start_ns > timeout_ns
        if not given[0]:
            self._derive_velocities(old, rest=longer)
        end = self._knots[-1]
        slow = np.abs(end.rows[1]) <= RESTING_SHARE * np.minimum(self._limits, 1.0)
        self.resting = longer and bool(slow.all())
        if not given[1] and len(self._knots) > 1:
            seconds = (self.times[-1] - self.times[-2]) / NANOSECONDS
            end.rows[2] = (end.rows[1] - self._knots[-2].rows[1]) / seconds

    def _derive_velocities(self, n_old: int, *, rest: bool) -> None:
        """Put parabolas through the points, and take velocities that are not given from them."""
        first = max(0, n_old - 2)
        knots, times = self._knots[first:], self.times[first:]
        if len(knots) < 2:
            return
        seconds = (np.array(times) - times[0]) / NANOSECONDS
        slopes = np.gradient(
            np.array([knot.rows[0] for knot in knots]),
            seconds,
            axis=0,
            edge_order=2 if len(knots) > 2 else 1,
        )
        if rest:
            slopes[-1] = 0.0
        for i, (knot, slope) in enumerate(zip(knots, slopes, strict=True), first):
            if not knot.has_velocity and i >= n_old - 1:
                knot.rows[1] = slope
                knot.segment = None


def _coefficients(first: Knot, second: Knot, duration: float) -> Matrix:
    quintic = first.has_acceleration and second.has_acceleration
    scale = np.array([[1.0], [duration], [duration * duration]])
    ends = np.concatenate([first.rows * scale, second.rows * scale])
    found: Matrix = (_QUINTIC if quintic else _CUBIC) @ ends
    return found
