# SPDX-License-Identifier: Apache-2.0
"""Between ROS messages and plain arrays.

Jazzy's message setters do not check types, and a numpy scalar or an integer in a float field is
published as garbage. So scalars are cast here, and arrays go in as ``array('d')``, the type the
messages hold, which costs one copy of the bytes.
"""

from array import array
from collections.abc import Sequence

from builtin_interfaces.msg import Duration, Time
from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, RawSample, Vector
import numpy as np
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

NOTHING = array('d')
"""An absent signal."""


def stamp_ns(stamp: Time) -> int:
    """Return a message's time as nanoseconds [ns]."""
    return int(stamp.sec) * NANOSECONDS + int(stamp.nanosec)


def set_time(target: Time | Duration, nanoseconds: int) -> None:
    """Write a time [ns] into a message field."""
    seconds, rest = divmod(int(nanoseconds), NANOSECONDS)
    target.sec = seconds
    target.nanosec = rest


def raw_sample(message: JointState) -> RawSample:
    """Return a JointState message as a raw sample, without copying its arrays."""
    return RawSample(
        stamp_ns(message.header.stamp),
        message.name,
        message.position,
        message.velocity,
        message.effort,
    )


def doubles(values: Vector | Matrix | None) -> 'array[float]':
    """Return an array as messages hold it, flat; empty for None and where all is NaN."""
    if values is None:
        return NOTHING
    flat = np.ascontiguousarray(values, dtype=np.float64)
    if np.isnan(flat).all():
        return NOTHING
    return array('d', flat.tobytes())


class JointStateMessage:
    """A JointState message that is filled again for every publication."""

    def __init__(self, joint_names: Sequence[str]) -> None:
        self.message = JointState(name=list(joint_names))

    def fill(
        self,
        stamp: int,
        position: Vector | None,
        velocity: Vector | None = None,
        effort: Vector | None = None,
    ) -> JointState:
        """Return the message with new contents; every vector has shape (n_joints,)."""
        set_time(self.message.header.stamp, stamp)
        self.message.position = doubles(position)
        self.message.velocity = doubles(velocity)
        self.message.effort = doubles(effort)
        return self.message


class TrajectoryMessage:
    """A JointTrajectory message of a fixed number of points, filled again every time.

    Args:
        joint_names: Joints, in the order of the columns.
        n_points: Number of points.
        period_ns: Time between points [ns].
        first_ns: Time from the header stamp to the first point [ns]; the period by default.
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        n_points: int,
        period_ns: int,
        first_ns: int | None = None,
    ) -> None:
        self.message = JointTrajectory(joint_names=list(joint_names))
        self.points = [JointTrajectoryPoint() for _ in range(n_points)]
        first_ns = period_ns if first_ns is None else first_ns
        for i, point in enumerate(self.points):
            set_time(point.time_from_start, first_ns + i * period_ns)
        self.message.points = self.points

    def fill(
        self,
        stamp: int,
        position: Matrix | None,
        velocity: Matrix | None = None,
        acceleration: Matrix | None = None,
        effort: Matrix | None = None,
    ) -> JointTrajectory:
        """Return the message with new contents; every matrix has shape (n_points, n_joints)."""
        set_time(self.message.header.stamp, stamp)
        rows = [self._rows(part) for part in (position, velocity, acceleration, effort)]
        for point, q, dq, ddq, tau in zip(self.points, *rows, strict=True):
            point.positions, point.velocities = q, dq
            point.accelerations, point.effort = ddq, tau
        return self.message

    def _rows(self, matrix: Matrix | None) -> list['array[float]']:
        """Return the rows of a matrix as messages hold them, converted all at once."""
        flat = NOTHING if matrix is None else doubles(matrix)
        n = len(flat) // len(self.points)
        return [flat[i * n : (i + 1) * n] for i in range(len(self.points))]


class Reordering:
    """Puts values that come in one order of joints into another.

    Args:
        wanted: The order that comes out.
        given: The order that goes in; more joints than wanted are fine.

    Raises:
        JointNamesError: If a wanted joint is not among those given.
    """

    def __init__(self, wanted: Sequence[str], given: Sequence[str]) -> None:
        if not set(wanted) <= set(given):
            raise JointNamesError(wanted, given)
        self._size = len(given)
        self._index = [list(given).index(name) for name in wanted]

    def __call__(self, values: Sequence[float]) -> Vector:
        """Return finite values in the wanted order, shape (n_wanted,).

        Raises:
            DataError: If the number of values is wrong, or one is not finite.
        """
        vector = np.asarray(values, dtype=np.float64)
        if vector.shape != (self._size,) or not np.isfinite(vector).all():
            raise DataError(f'Expected {self._size} finite values, got {vector.tolist()}.')
        picked: Vector = vector[self._index]
        return picked


def efforts(message: Float64MultiArray, n_joints: int) -> Vector | None:
    """Return the command [N m] or [N], shape (n_joints,), or None if it is of no use."""
    values = np.asarray(message.data, dtype=np.float64)
    if values.shape != (n_joints,) or not np.isfinite(values).all():
        return None
    return values
