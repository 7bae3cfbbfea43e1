# SPDX-License-Identifier: Apache-2.0
"""The controller inside an embedded robot, as a real robot has one."""

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

TIMEOUT = 0.1
"""A correction counts for this long in full [s] ..."""

FADE = 0.02
"""... and is then faded out over this long [s]."""

NEVER = 1_000_000_000
"""Age of a correction that never came [steps]."""


class BaseController:
    """PD and feed-forward at 1 kHz, plus a correction from outside that times out.

    Args:
        robot: Which robot.
        with_pd: Whether there is a PD part.
    """

    def __init__(self, robot: RobotDescription, *, with_pd: bool = True) -> None:
        n_joints = len(robot.links)
        self._stiffness = robot.stiffness * with_pd
        self._damping = robot.damping * with_pd
        self._limit = robot.effort_limit
        self._negative_limit = -robot.effort_limit
        self._asked = np.zeros(n_joints)
        self._age = NEVER  # steps since the last correction
        self._scratch = np.empty(n_joints)
        self._timeout = round(TIMEOUT / STEP)
        self._fade = round(FADE / STEP)
        self.rejected = 0
        """Corrections refused because they were not finite."""
        self.correction = np.zeros(n_joints)
        """Correction in the newest command [N m] (n_joints,), overwritten in place."""
        self.command = np.zeros(n_joints)
        """Newest drive command [N m] (n_joints,), overwritten in place."""

    def reset(self) -> None:
        """Forget the correction."""
        self._age = NEVER
        self.correction[:] = 0.0

    def correct(self, torque: Vector) -> None:
        """Take a correction, to be added from the next step on.

        Args:
            torque: Torque to add [N m] (n_joints,). Values that are not finite are refused.

        Raises:
            ShapeError: If it has the wrong shape.
        """
        torque = np.asarray(torque, dtype=np.float64)
        if torque.shape != self._asked.shape:
            raise ShapeError('Correction', self._asked.shape, torque.shape)
        if not np.isfinite(torque).all():
            self.rejected += 1
            return
        self._asked[:] = torque
        self._age = 0

    def step(
        self,
        position: Vector,
        velocity: Vector,
        reference_position: Vector,
        reference_velocity: Vector,
        feedforward: Vector,
    ) -> Vector:
        """Return the drive command of this step.

        Args:
            position: Measured positions [rad] (n_joints,).
            velocity: Measured velocities [rad/s] (n_joints,).
            reference_position: Wanted positions [rad] (n_joints,).
            reference_velocity: Wanted velocities [rad/s] (n_joints,).
            feedforward: Torque of the reference by the nominal model [N m] (n_joints,).

        Returns:
            Torques [N m] (n_joints,), within the limits of the drives. The next call overwrites
            them.
        """
        command, part = self.command, self._scratch
        np.subtract(reference_position, position, out=command)
        command *= self._stiffness
        np.subtract(reference_velocity, velocity, out=part)
        part *= self._damping
        command += part
        command += feedforward
        if self._age < self._timeout + self._fade:
            late = self._age - self._timeout + 1
            np.multiply(self._asked, 1.0 - max(0, late) / self._fade, out=self.correction)
            self._age += 1
            command += self.correction
        np.minimum(command, self._limit, out=command)
        np.maximum(command, self._negative_limit, out=command)
        return command
