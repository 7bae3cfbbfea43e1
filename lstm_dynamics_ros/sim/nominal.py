# SPDX-License-Identifier: Apache-2.0
"""Rigid-body models: the one the inner controller of an embedded robot knows, and with a load."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.sim.engine import mujoco
from lstm_dynamics_ros.sim.mjcf import nominal_mjcf
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np


class NominalModel:
    """Inverse dynamics of a robot without friction and drive dynamics.

    Args:
        robot: Which robot.
        payload: Mass of the robot's own payload [kg]; the nominal robot has none.
        point_mass: Mass [kg] of a point on the last link ...
        at: ... and where it is in the frame of that link [m] (3,).
    """

    def __init__(
        self,
        robot: RobotDescription,
        *,
        payload: float = 0.0,
        point_mass: float = 0.0,
        at: Sequence[float] | Vector = (0.0, 0.0, 0.0),
    ) -> None:
        text = nominal_mjcf(robot, payload=payload, point_mass=point_mass, at=at)
        self._model = mujoco.MjModel.from_xml_string(text)
        self._data = mujoco.MjData(self._model)
        self._tool = self._model.body(robot.tool.name).id
        self._position = self._data.qpos
        self._velocity = self._data.qvel
        self._acceleration = self._data.qacc
        self._torque = self._data.qfrc_inverse

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """Return the torque of a motion [N m] (n_joints,).

        Args:
            position: Joint positions [rad] (n_joints,).
            velocity: Joint velocities [rad/s] (n_joints,).
            acceleration: Joint accelerations [rad/s^2] (n_joints,).

        Returns:
            A view that the next call overwrites.
        """
        self._position[:] = position
        self._velocity[:] = velocity
        self._acceleration[:] = acceleration
        mujoco.mj_inverse(self._model, self._data)
        torque: Vector = self._torque
        return torque

    def torques(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:
        """Return the torques of many states [N m]; all arrays have shape (n_steps, n_joints)."""
        torques = np.empty_like(position)
        for k, row in enumerate(torques):
            row[:] = self.torque(position[k], velocity[k], acceleration[k])
        return torques

    def tool_path(self, position: Matrix) -> Matrix:
        """Return where the origin of the tool is in the world [m] (n_steps, 3).

        Args:
            position: Joint positions [rad] (n_steps, n_joints).
        """
        path = np.empty((len(position), 3))
        for k, row in enumerate(position):
            self._position[:] = row
            mujoco.mj_kinematics(self._model, self._data)
            path[k] = self._data.xpos[self._tool]
        return path
