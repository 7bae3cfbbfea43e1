# SPDX-License-Identifier: Apache-2.0
"""The physics of an embedded robot: what really happens to a drive command."""

from lstm_dynamics_ros.sim.engine import mujoco
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.mjcf import real_mjcf
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.state import Vector
import numpy as np


class Plant:
    """Joints with hidden physics, stepped at 1 kHz. Deterministic."""

    def __init__(self, robot: RobotDescription, hidden: HiddenPhysics) -> None:
        self.robot = robot
        self.hidden = hidden
        self._model = mujoco.MjModel.from_xml_string(real_mjcf(robot, hidden))
        self._data = mujoco.MjData(self._model)
        # The last activation of a dcmotor is its current: with unit motor constant, the torque.
        last = self._model.actuator_actadr + self._model.actuator_actnum - 1
        self._torque_state = np.asarray(last, dtype=np.intp)
        self._command = self._data.ctrl
        self._activation = self._data.act
        self.position: Vector = self._data.qpos
        """True positions [rad] (n_joints,), overwritten in place. For scoring only."""
        self.velocity: Vector = self._data.qvel
        """True velocities [rad/s] (n_joints,), overwritten in place. For scoring only."""
        self.effort = np.zeros(len(robot.links))
        """Drive torques after dead time and lag, before friction [N m] (n_joints,)."""

    def reset(self, position: Vector, torque: Vector) -> None:
        """Put the robot somewhere at rest.

        Args:
            position: Joint positions [rad] (n_joints,).
            torque: Drive torques at that moment [N m] (n_joints,).
        """
        mujoco.mj_resetData(self._model, self._data)
        self.position[:] = position
        self._activation[self._torque_state] = torque
        self.effort[:] = torque
        mujoco.mj_forward(self._model, self._data)

    def step(self, command: Vector) -> None:
        """Go on by 1 ms.

        Args:
            command: Torques for the drives [N m] (n_joints,); they clip it to their limits.
        """
        self._command[:] = command
        mujoco.mj_step(self._model, self._data)
        np.take(self._activation, self._torque_state, out=self.effort)
