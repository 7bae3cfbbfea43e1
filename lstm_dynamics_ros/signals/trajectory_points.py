# SPDX-License-Identifier: Apache-2.0
"""From what a publisher says of the reference to checked points in the order of the joints."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
import numpy as np

LARGEST_VALUE = 1e9
"""Largest magnitude that is believed, in its own unit."""

MARGIN = 1.1
"""Excess over a velocity limit that is still believed."""


class RawPoint(NamedTuple):
    """One trajectory_msgs/JointTrajectoryPoint as it came."""

    offset_ns: int
    """Time from the start of the message's trajectory [ns]."""
    position: Sequence[float]
    """One value per name [rad] or [m]."""
    velocity: Sequence[float]
    """One value per name [rad/s] or [m/s], or none."""
    acceleration: Sequence[float]
    """One value per name [rad/s^2] or [m/s^2], or none."""


class RawReference(NamedTuple):
    """One trajectory_msgs/JointTrajectory as it came: any order of joints, any points."""

    stamp_ns: int
    """Header stamp [ns]; zero means the time it was received."""
    names: Sequence[str]
    points: Sequence[RawPoint]


class Points(NamedTuple):
    """Checked points in the order of the joints. Matrices have shape (n_points, n_joints)."""

    start_ns: int
    """When the trajectory starts [ns]; its first point may be later."""
    stamp_ns: Stamps
    """Increasing times [ns], shape (n_points,)."""
    position: Matrix
    velocity: Matrix | None
    """None where not given."""
    acceleration: Matrix | None
    """None where not given."""


class Remark(NamedTuple):
    """Something about a reference that a person should hear once."""

    kind: str
    """Its counter."""
    text: str
    """One sentence."""


class PointReader:
    """Checks references and puts them into the order of the joints.

    Args:
        joint_names: The joints, by the names the publisher has for them.
        velocity_limits: Largest speeds [rad/s] or [m/s], shape (n_joints,); infinity for none.
    """

    def __init__(self, joint_names: Sequence[str], velocity_limits: Vector) -> None:
        self._joints = tuple(joint_names)
        self._fastest = MARGIN * velocity_limits
        self._names: tuple[str, ...] | None = None
        self._index: list[int] = []

    def read(self, raw: RawReference, received_ns: int) -> Points | Remark:
        """Return the points, or why there are none.

        Args:
            raw: What came.
            received_ns: When it came, on the clock of the stamps [ns].
        """
        if tuple(raw.names) != self._names:
            remark = self._remember(tuple(raw.names))
            if remark is not None:
                return remark
        if not raw.points:
            return Remark('no_points', 'The reference was dropped, because it has no points.')
        start_ns = raw.stamp_ns or received_ns
        stamps = start_ns + np.array([point.offset_ns for point in raw.points], np.int64)
        if stamps[0] < start_ns or (np.diff(stamps) <= 0).any():
            text = 'its points have no increasing time_from_start'
            return Remark('times', f'The reference was dropped, because {text}.')
        parts: list[Matrix | None] = []
        for field in ('position', 'velocity', 'acceleration'):
            part = self._matrix(field, [getattr(point, field) for point in raw.points])
            if isinstance(part, Remark):
                return part
            parts.append(part)
        position, velocity, acceleration = parts
        if position is None:
            return Remark('wrong_length', 'The reference was dropped, because it has no position.')
        if velocity is None:
            acceleration = None  # of no use without velocity
        points = Points(start_ns, stamps, position, velocity, acceleration)
        return self._too_fast(points) or points

    def _remember(self, names: tuple[str, ...]) -> Remark | None:
        missing = [name for name in self._joints if name not in names]
        if missing or len(set(names)) != len(names):
            text = f'lacks {", ".join(missing)}' if missing else 'names a joint twice'
            return Remark(
                'other_joints',
                f'The reference was dropped, because it {text}; it needs {list(self._joints)} in '
                f'any order and has {list(names)}.',
            )
        self._names = names
        self._index = [names.index(name) for name in self._joints]
        return None

    def _matrix(self, field: str, rows: Sequence[Sequence[float]]) -> Matrix | Remark | None:
        """Return one row per point, None if no point has any."""
        lengths = {len(row) for row in rows}
        if lengths == {0}:
            return None
        expected = len(self._names or ())
        if lengths != {expected}:
            return Remark(
                'wrong_length',
                f'The reference was dropped, because a point has not one {field} per name: '
                f'expected {expected} values, got {sorted(lengths)}.',
            )
        matrix: Matrix = np.array(rows, np.float64)[:, self._index]
        if not (np.abs(matrix) <= LARGEST_VALUE).all():  # NaN is not
            return Remark(
                'not_finite', f'The reference was dropped, because a {field} is not finite.'
            )
        return matrix

    def _too_fast(self, points: Points) -> Remark | None:
        """Return a remark if the points cannot be passed in time at the velocity limits."""
        speeds = [] if points.velocity is None else [np.abs(points.velocity).max(axis=0)]
        if len(points.stamp_ns) > 1:
            seconds = np.diff(points.stamp_ns)[:, None] / NANOSECONDS
            speeds.append((np.abs(np.diff(points.position, axis=0)) / seconds).max(axis=0))
        for speed in speeds:
            over = speed > self._fastest
            if over.any():
                joint = int(np.argmax(over))
                return Remark(
                    'too_fast',
                    f'The reference was dropped, because {self._joints[joint]} would move at '
                    f'{speed[joint]:.3g} and its limit is {self._fastest[joint] / MARGIN:.3g}.',
                )
        return None
