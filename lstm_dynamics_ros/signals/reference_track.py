# SPDX-License-Identifier: Apache-2.0
"""The reference at any time, from the trajectories that have come so far.

Between points with accelerations the track is a quintic, else a cubic, so that position, velocity
and acceleration belong together. A new trajectory replaces what was known from its start on.
"""

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from statistics import median

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Reference, Vector
from lstm_dynamics_ros.signals.interpolation import Knot, Path
from lstm_dynamics_ros.signals.reference_shift import Shift
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.signals.trajectory_points import (
    MARGIN,
    PointReader,
    Points,
    RawReference,
    Remark,
)
import numpy as np

HISTORY_NS = 250_000_000
"""How long past points are kept, for measurements that come late [ns]."""

SLACK = 0.002
"""Uncertainty of stamps [s]: motion at the velocity limit for this long is no jump."""

RESTING_SHARE = 0.01
"""A trajectory that ends more slowly than this share of the velocity limits ends at rest."""


class ReferenceTrack:
    """A :class:`~lstm_dynamics_ros.core.state.ReferenceSource` fed with trajectory messages.

    A stream of single points goes on with its last acceleration for at most one period (learnt
    from its stamps) and then stands still; ``timeout`` after its last point it is not known any
    more. A trajectory longer than the timeout that ends at rest holds its end until the next one.

    Args:
        joint_names: The joints, by the names the publisher has for them.
        velocity_limits: Largest speeds [rad/s] or [m/s]; None for a joint without, whose
            reference may jump.
        timeout: Age of the last point after which the reference counts as lost [s].
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        velocity_limits: Sequence[float | None],
        timeout: float = 0.1,
    ) -> None:
        self._limits = np.array([np.inf if v is None else abs(v) for v in velocity_limits])
        self._joints = tuple(joint_names)
        self._reader = PointReader(joint_names, self._limits)
        self.timeout = timeout
        self.counters = dict.fromkeys(
            (
                'accepted',
                'unstamped',
                'jump',
                'other_joints',
                'no_points',
                'times',
                'wrong_length',
                'not_finite',
                'too_fast',
            ),
            0,
        )
        self._path = Path()
        self.reset()

    def reset(self) -> None:
        """Forget everything that has come."""
        self._times: list[int] = []
        self._knots: list[Knot] = []
        self._starts: deque[int] = deque(maxlen=6)
        self._period_ns = 0
        self._resting = False
        self._shift: Shift | None = None

    @property
    def period(self) -> float:
        """Time between messages, by their stamps [s]; 0 before the second."""
        return self._period_ns / NANOSECONDS

    def take(self, raw: RawReference, received_ns: int) -> Remark | None:
        """Take in a message.

        Args:
            raw: What came.
            received_ns: When it came, on the clock of the stamps [ns].

        Returns:
            What a person should hear once: why it was dropped, or that it jumped; None if all is
            well.
        """
        read = self._reader.read(raw, received_ns)
        if isinstance(read, Remark):
            self.counters[read.kind] += 1
            return read
        self.counters['accepted'] += 1
        unstamped = not raw.stamp_ns
        self.counters['unstamped'] += unstamped
        remark = self._splice(read, max(self.period, SLACK) if unstamped else SLACK)
        self._learn_period(read.start_ns)
        return remark

    def at(self, stamp_ns: int) -> Reference | None:
        """Return the reference at a time [ns]; None where it is not known."""
        i = bisect_right(self._times, stamp_ns) - 1
        if i < 0:
            return None
        if i == len(self._times) - 1:
            last = self._last(stamp_ns)
            if last is None:
                return None
            rows = last
        else:
            ends = self._times[i], self._times[i + 1]
            rows = self._path.at(stamp_ns, ends, self._knots[i], self._knots[i + 1])
        if self._shift is not None:
            rows = rows + self._shift.at(stamp_ns)
        return Reference(stamp_ns, rows[0], rows[1], rows[2])

    def missing(self, stamp_ns: int) -> str:
        """Return why the reference is not known at a time [ns], one sentence; empty if it is."""
        if not self._times:
            return 'No usable reference has come.'
        if stamp_ns < self._times[0]:
            late = (self._times[0] - stamp_ns) / NANOSECONDS
            return f'The reference begins {late:.3g} s after the joint states.'
        if self.at(stamp_ns) is None:
            age = (stamp_ns - self._times[-1]) / NANOSECONDS
            return f'The reference ended {age:.3g} s before the joint states.'
        return ''

    # Looking up

    def _last(self, stamp_ns: int) -> Matrix | None:
        """Return what follows the last point."""
        beyond = stamp_ns - self._times[-1]
        rows = self._knots[-1].rows
        if self._resting:
            return np.stack([rows[0], np.zeros(len(rows[0])), np.zeros(len(rows[0]))])
        if beyond > nanoseconds(self.timeout):
            return None
        dt = min(beyond, self._period_ns) / NANOSECONDS
        position, velocity, acceleration = rows
        return np.stack(
            [
                position + dt * velocity + 0.5 * dt * dt * acceleration,
                velocity + dt * acceleration,
                acceleration,
            ]
        )

    # Taking in

    def _learn_period(self, start_ns: int) -> None:
        """Take the median of the last few intervals between messages."""
        starts = self._starts
        if starts and not 0 < start_ns - starts[-1] <= nanoseconds(self.timeout):
            starts.clear()
            self._period_ns = 0
        starts.append(start_ns)
        if len(starts) > 1:
            gaps = [
                after - before for before, after in zip(starts, list(starts)[1:], strict=False)
            ]
            self._period_ns = round(median(gaps))

    def _splice(self, points: Points, slack: float) -> Remark | None:
        """Replace what was known from the start of new points on."""
        start_ns, first_ns = points.start_ns, int(points.stamp_ns[0])
        before = self.at(start_ns)
        if before is None:  # it had not begun, or had been lost
            self._times, self._knots, self._shift = [], [], None
            self._append(points)
            return None
        held = self._resting or start_ns <= self._times[-1]
        silence = (first_ns - (start_ns if held else self._times[-1])) / NANOSECONDS
        if self._shift is not None and self._shift.end_ns < start_ns - HISTORY_NS:
            self._shift = None
        raw = np.stack(before[1:])
        if self._shift is not None:
            raw -= self._shift.at(start_ns)
        reach = MARGIN * self._limits * (silence + slack)
        self._trim(start_ns)
        remark = None
        if (np.abs(points.position[0] - raw[0]) > reach).any():
            remark = self._jump(points, before.position, raw)
        if first_ns > start_ns:
            self._insert(start_ns, raw)
        self._append(points)
        return remark

    def _trim(self, start_ns: int) -> None:
        """Drop what is replaced, and what is too old to be asked for."""
        times, knots = self._times, self._knots
        keep = bisect_left(times, start_ns)
        drop = min(max(0, bisect_left(times, start_ns - HISTORY_NS) - 1), keep)
        self._times, self._knots = times[drop:keep], knots[drop:keep]
        if not self._knots:
            return
        self._knots[-1].segment = None
        hold_ns = start_ns - nanoseconds(SLACK)
        if self._resting and hold_ns > self._times[-1]:
            self._insert(hold_ns, self._knots[-1].rows * np.array([[1.0], [0.0], [0.0]]))

    def _jump(self, points: Points, before: Vector, raw: Matrix) -> Remark:
        """Keep the reference continuous where the new points start elsewhere."""
        target = points.position[0]
        for knot in self._knots:
            knot.rows[0] += target - raw[0]
            knot.segment = None
        raw[:] = target, np.zeros_like(target), np.zeros_like(target)
        self._shift = Shift(points.start_ns, before - target, self._limits)
        self.counters['jump'] += 1
        distance = np.abs(before - target)
        joint = int(np.argmax(distance / self._limits))
        return Remark(
            'jump',
            f'The reference of {self._joints[joint]} jumped by {distance[joint]:.3g}; it is '
            'followed at the velocity limit.',
        )

    def _insert(self, stamp_ns: int, rows: Matrix) -> None:
        self._times.append(stamp_ns)
        self._knots.append(Knot(rows, has_velocity=True, has_acceleration=True))

    def _append(self, points: Points) -> None:
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
        self._times += points.stamp_ns.tolist()
        self._knots += [
            Knot(row, has_velocity=given[0], has_acceleration=given[1]) for row in rows
        ]
        longer = self._times[-1] - points.start_ns > nanoseconds(self.timeout)
        if not given[0]:
            self._derive_velocities(old, rest=longer)
        end = self._knots[-1]
        slow = np.abs(end.rows[1]) <= RESTING_SHARE * np.minimum(self._limits, 1.0)
        self._resting = longer and bool(slow.all())
        if not given[1] and len(self._knots) > 1:
            seconds = (self._times[-1] - self._times[-2]) / NANOSECONDS
            end.rows[2] = (end.rows[1] - self._knots[-2].rows[1]) / seconds

    def _derive_velocities(self, n_old: int, *, rest: bool) -> None:
        """Put parabolas through the points, and take velocities that are not given from them."""
        first = max(0, n_old - 2)
        knots, times = self._knots[first:], self._times[first:]
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
