# SPDX-License-Identifier: Apache-2.0
"""The rigid-body model the inner controller of an embedded robot knows."""

from lstm_dynamics_ros.sim.engine import mujoco
from lstm_dynamics_ros.sim.mjcf import nominal_mjcf
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.state import Matrix, Vector
import numpy as np


class NominalModel:
    """Inverse dynamics of a robot without payload, friction and drive dynamics."""

    def __init__(self, robot: RobotDescription) -> None:
        self._model = mujoco.MjModel.from_xml_string(nominal_mjcf(robot))
        self._data = mujoco.MjData(self._model)
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
