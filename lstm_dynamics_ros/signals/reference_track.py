# SPDX-License-Identifier: Apache-2.0
"""The reference at any time, from the trajectories that have come so far.

Between points with accelerations the track is a quintic, else a cubic, so that position, velocity
and acceleration belong together. A new trajectory replaces what was known from its start on.
"""

from collections import deque
from collections.abc import Sequence
from statistics import median

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Reference, Vector
from lstm_dynamics_ros.signals.interpolation import HISTORY_NS, PointTrack, SLACK
from lstm_dynamics_ros.signals.minimum_jerk import Shift
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.signals.trajectory_points import (
    MARGIN,
    PointReader,
    Points,
    RawReference,
    Remark,
)
import numpy as np


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
        self._points = PointTrack(self._limits)
        self.reset()

    def reset(self) -> None:
        """Forget everything that has come."""
        self._points.reset()
        self._starts: deque[int] = deque(maxlen=6)
        self._period_ns = 0
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
        rows = self._points.at(stamp_ns, self._period_ns, nanoseconds(self.timeout))
        if rows is None:
            return None
        if self._shift is not None:
            rows = rows + self._shift.at(stamp_ns)
        return Reference(stamp_ns, rows[0], rows[1], rows[2])

    def missing(self, stamp_ns: int) -> str:
        """Return why the reference is not known at a time [ns], one sentence; empty if it is."""
        times = self._points.times
        if not times:
            return 'No usable reference has come.'
        if stamp_ns < times[0]:
            late = (times[0] - stamp_ns) / NANOSECONDS
            return f'The reference begins {late:.3g} s after the joint states.'
        if self.at(stamp_ns) is None:
            age = (stamp_ns - times[-1]) / NANOSECONDS
            return f'The reference ended {age:.3g} s before the joint states.'
        return ''

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
            self._points.reset()
            self._shift = None
            self._points.append(points, nanoseconds(self.timeout))
            return None
        newest = self._points.times[-1]
        held = self._points.resting or start_ns <= newest
        silence = (first_ns - (start_ns if held else newest)) / NANOSECONDS
        if self._shift is not None and self._shift.end_ns < start_ns - HISTORY_NS:
            self._shift = None
        raw = np.stack(before[1:])
        if self._shift is not None:
            raw -= self._shift.at(start_ns)
        reach = MARGIN * self._limits * (silence + slack)
        self._points.trim(start_ns)
        remark = None
        if (np.abs(points.position[0] - raw[0]) > reach).any():
            remark = self._jump(points, before.position, raw)
        if first_ns > start_ns:
            self._points.insert(start_ns, raw)
        self._points.append(points, nanoseconds(self.timeout))
        return remark

    def _jump(self, points: Points, before: Vector, raw: Matrix) -> Remark:
        """Keep the reference continuous where the new points start elsewhere."""
        target = points.position[0]
        self._points.move(target - raw[0])
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
