# SPDX-License-Identifier: Apache-2.0
"""The physics of an embedded robot: what really happens to a drive command."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.engine import mujoco
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.mjcf import real_mjcf
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.wall import Wall
import numpy as np


class Plant:
    """Joints with hidden physics, stepped at 1 kHz. Deterministic."""

    def __init__(
        self, robot: RobotDescription, hidden: HiddenPhysics, wall: Wall | None = None
    ) -> None:
        self.robot = robot
        self.wall = wall
        self.wall_force = 0.0
        """Force of the wall on the tool in the newest step [N]."""
        self.effort = np.zeros(len(robot.links))
        """Drive torques after dead time and lag, before friction [N m] (n_joints,)."""
        self._build(hidden)

    def _build(self, hidden: HiddenPhysics) -> None:
        """Make the robot with these hidden physics."""
        self.hidden = hidden
        self._model = mujoco.MjModel.from_xml_string(real_mjcf(self.robot, hidden))
        self._data = mujoco.MjData(self._model)
        self._tool = self._model.body(self.robot.tool.name).id
        # The last activation of a dcmotor is its current: with unit motor constant, the torque.
        last = self._model.actuator_actadr + self._model.actuator_actnum - 1
        self._torque_state = np.asarray(last, dtype=np.intp)
        self._command = self._data.ctrl
        self._activation = self._data.act
        self.position: Vector = self._data.qpos
        """True positions [rad] (n_joints,), overwritten in place. For scoring only."""
        self.velocity: Vector = self._data.qvel
        """True velocities [rad/s] (n_joints,), overwritten in place. For scoring only."""

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

    def change(self, hidden: HiddenPhysics) -> None:
        """Let the hidden physics change without touching what the robot is doing.

        Args:
            hidden: What is true from now on. Dead time and the presence of friction, drive lag
                and Maxwell-slip elements must stay as they are: they are states of the robot.

        Raises:
            ConfigError: If the new physics has other states.
        """
        kind = mujoco.mjtState.mjSTATE_FULLPHYSICS
        size = mujoco.mj_stateSize(self._model, kind)
        state = np.empty(size)
        mujoco.mj_getState(self._model, self._data, state, kind)
        old = self.hidden
        self._build(hidden)
        fits = mujoco.mj_stateSize(self._model, kind) == size
        if not fits:
            self._build(old)
        mujoco.mj_setState(self._model, self._data, state, kind)
        mujoco.mj_forward(self._model, self._data)
        if not fits:
            raise ConfigError(
                'Hidden physics can only change in values while a robot moves, not in its states: '
                'dead time, friction or Maxwell-slip elements came or went.'
            )

    def step(self, command: Vector) -> None:
        """Go on by 1 ms.

        Args:
            command: Torques for the drives [N m] (n_joints,); they clip it to their limits.
        """
        self._command[:] = command
        if self.wall is None:
            mujoco.mj_step(self._model, self._data)
        else:
            mujoco.mj_step1(self._model, self._data)
            self._push(self.wall)
            mujoco.mj_step2(self._model, self._data)
        np.take(self._activation, self._torque_state, out=self.effort)

    def _push(self, wall: Wall) -> None:
        """Let the wall act on the tool where it is now."""
        data, tool = self._data, self._tool
        point = data.xpos[tool]
        self.wall_force = wall.stiffness * max(0.0, float(wall.depth(point)))
        force = -self.wall_force * wall.normal
        data.xfrc_applied[tool, :3] = force
        data.xfrc_applied[tool, 3:] = np.cross(point - data.xipos[tool], force)
