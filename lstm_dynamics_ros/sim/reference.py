# SPDX-License-Identifier: Apache-2.0
"""The reference of an embedded robot: a motion, points streamed from outside, or a hold."""

from lstm_dynamics_ros.core.state import NANOSECONDS, Stamps, Vector
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.motions import Motion
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

STREAM_TIMEOUT_NS = 100_000_000
"""A streamed reference is extrapolated for this long [ns]."""


class ReferenceGenerator:
    """The reference at any time, by the newest motion or point that was set."""

    def __init__(self, robot: RobotDescription) -> None:
        self._lower, self._upper = robot.lower, robot.upper
        self._rest = np.zeros(len(robot.links))
        self._motion: Motion | None = None
        self._repeat = False
        self._start_ns = 0
        self._hold(robot.home)

    def follow(self, motion: Motion, start_ns: int, *, repeat: bool) -> None:
        """Follow a motion that starts at a time [ns]."""
        self._motion, self._start_ns, self._repeat = motion, start_ns, repeat
        if not repeat:
            self._hold(motion.position[-1])

    def stream(
        self, position: Vector, velocity: Vector, acceleration: Vector, start_ns: int
    ) -> None:
        """Go on from a point given from outside for a time [ns]."""
        self._motion, self._start_ns = None, start_ns
        self._point = JointPath(
            np.clip(position, self._lower, self._upper),
            np.array(velocity, dtype=np.float64),
            np.array(acceleration, dtype=np.float64),
        )
        self._moving = True

    def next(self, now_ns: int) -> JointPath:
        """Return the reference at a time [ns], which must not go backwards, (n_joints,) each."""
        if self._motion is not None:
            k = self._row(self._motion, now_ns)
            if k < len(self._motion):
                motion = self._motion
                return JointPath(motion.position[k], motion.velocity[k], motion.acceleration[k])
            self._motion = None
        if self._moving:
            if now_ns - self._start_ns < STREAM_TIMEOUT_NS:
                return self._extrapolated(now_ns)
            self._hold(self._extrapolated(self._start_ns + STREAM_TIMEOUT_NS).position)
        return self._point

    def at(self, stamps_ns: Stamps) -> JointPath:
        """Return the reference at some times [ns], each of shape (n, n_joints)."""
        rows = [self._peek(int(stamp)) for stamp in stamps_ns]
        return JointPath(*(np.array([row[part] for row in rows]) for part in range(3)))

    def _peek(self, stamp_ns: int) -> JointPath:
        """Return the reference at a time without moving on to it."""
        if self._motion is not None:
            k = max(0, self._row(self._motion, stamp_ns))
            if k < len(self._motion):
                motion = self._motion
                return JointPath(motion.position[k], motion.velocity[k], motion.acceleration[k])
        if self._moving:
            if stamp_ns - self._start_ns < STREAM_TIMEOUT_NS:
                return self._extrapolated(stamp_ns)
            end = self._extrapolated(self._start_ns + STREAM_TIMEOUT_NS)
            return JointPath(end.position, self._rest, self._rest)
        return self._point

    def _row(self, motion: Motion, stamp_ns: int) -> int:
        """Return the row of the motion at a time."""
        row = round((stamp_ns - self._start_ns) / (STEP * NANOSECONDS))
        return row % len(motion) if self._repeat else row

    def _extrapolated(self, stamp_ns: int) -> JointPath:
        """Return the streamed point, taken on with constant acceleration."""
        point = self._point
        seconds = (stamp_ns - self._start_ns) / NANOSECONDS
        velocity = point.velocity + seconds * point.acceleration
        position = point.position + 0.5 * seconds * (point.velocity + velocity)
        return JointPath(np.clip(position, self._lower, self._upper), velocity, point.acceleration)

    def _hold(self, position: Vector) -> None:
        """Stay at a position."""
        self._point = JointPath(np.array(position), self._rest, self._rest)
        self._moving = False
