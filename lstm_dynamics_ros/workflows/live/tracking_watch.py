# SPDX-License-Identifier: Apache-2.0
"""Tracking errors while they happen: reference minus true position, wherever both are known."""

from bisect import bisect_left
import math
import struct

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
from lstm_dynamics_ros.ros.topics.interfaces import ROBOT_REFERENCE
from lstm_dynamics_ros.workflows.live.observer import Observer
import numpy as np
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

HEADER = struct.Struct('<iI')
"""Stamp of a message with a header, as little-endian CDR has it ..."""

HEADER_AT = 4
"""... behind the encapsulation."""

MOST_WAITING = 2000
"""Messages that wait for their counterpart; it may come later, on another topic."""


class TrackingWatch:
    """Pairs references with true positions of the same stamp.

    Args:
        observer: Keeps the messages; must not forget them without this one.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self.forget()

    def forget(self) -> None:
        """Start anew, together with the observer."""
        self._seen = {'reference': 0, 'truth': 0}
        self._waiting: dict[str, dict[int, bytes]] = {'reference': {}, 'truth': {}}
        self._stamps: list[int] = []
        self._errors: list[Vector] = []
        self._squares = [0.0]  # sum of the mean squares of all errors before each

    def update(self) -> None:
        """Take in what has come since the last time."""
        for name in ('reference', 'truth'):
            kept = self._observer.kept(name, self._seen[name])
            self._seen[name] += len(kept)
            self._waiting[name].update((stamp_of(item.raw), item.raw) for item in kept)
        planned, true = self._waiting['reference'], self._waiting['truth']
        for stamp in sorted(planned.keys() & true.keys()):
            reference = deserialize_message(planned.pop(stamp), ROBOT_REFERENCE.type)
            position = deserialize_message(true.pop(stamp), JointState).position
            error = np.subtract(reference.points[0].positions, position)
            self._stamps.append(stamp)
            self._errors.append(error)
            self._squares.append(self._squares[-1] + float(np.mean(error**2)))
        for waiting in (planned, true):
            for stamp in sorted(waiting)[:-MOST_WAITING]:
                del waiting[stamp]

    @property
    def newest(self) -> Vector | None:
        """Newest error [rad] or [m], shape (n_joints,); None before the first."""
        return self._errors[-1] if self._errors else None

    def rms(self, begin_ns: int, end_ns: int) -> float:
        """Return the RMS error over all joints of a stretch [rad] or [m]; NaN without any."""
        first, last = (bisect_left(self._stamps, stamp) for stamp in (begin_ns, end_ns))
        if first >= last:
            return math.nan
        return math.sqrt((self._squares[last] - self._squares[first]) / (last - first))

    def errors(self) -> tuple[Stamps, Matrix]:
        """Return stamps [ns] (n,) and errors [rad] or [m] (n, n_joints) so far."""
        stamps = np.array(self._stamps, dtype=np.int64)
        order = np.argsort(stamps, kind='stable')
        errors: Matrix = np.array(self._errors, dtype=np.float64).reshape(len(stamps), -1)
        return stamps[order], errors[order]


def stamp_of(raw: bytes) -> int:
    """Return the header stamp of a raw message [ns]."""
    seconds, nanoseconds = HEADER.unpack_from(raw, HEADER_AT)
    return int(seconds) * NANOSECONDS + int(nanoseconds)
