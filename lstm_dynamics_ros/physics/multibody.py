# SPDX-License-Identifier: Apache-2.0
"""Rigid bodies of a URDF with the joints in our order. The only file that imports pinocchio."""

from collections.abc import Sequence
from typing import Any

from lstm_dynamics_ros.core.errors import (
    ConfigError,
    DataError,
    JointNamesError,
    MissingLibraryError,
)
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

STANDARD_PARAMETERS = ('m', 'mx', 'my', 'mz', 'Ixx', 'Ixy', 'Iyy', 'Ixz', 'Iyz', 'Izz')
"""Standard parameters of one link: mass [kg], first moments [kg m] and inertia [kg m^2], the last
two about the origin of its joint and along the axes of the link."""


class Multibody:
    """Equations of motion of the joints of a URDF, all other joints locked at zero.

    Each joint has one link: every body that moves with it and with no joint after it.

    Args:
        text: Text of the URDF.
        name: What to call it in messages.
        joint_names: The joints, in the order of the columns of every array.

    Raises:
        MissingLibraryError: If pinocchio is not installed.
        DataError: If the text is no robot.
        JointNamesError: If it lacks one of the joints.
    """

    def __init__(self, text: str, name: str, joint_names: Sequence[str]) -> None:
        try:
            import pinocchio  # noqa: PLC0415
        except ImportError as error:
            raise MissingLibraryError('pinocchio') from error
        try:
            whole = pinocchio.buildModelFromXML(text)
        except (ValueError, RuntimeError) as error:
            raise DataError(f'{name} is not a URDF that pinocchio reads: {error}') from error
        self.robot_name: str = whole.name
        """Name that the URDF gives the robot."""
        names = list(whole.names)[1:]
        if set(joint_names) - set(names):
            raise JointNamesError(joint_names, names)
        locked = [whole.getJointId(name) for name in names if name not in joint_names]
        zero = pinocchio.neutral(whole)
        self._library: Any = pinocchio
        self._rnea: Any = pinocchio.rnea
        self._model: Any = pinocchio.buildReducedModel(whole, locked, zero) if locked else whole
        self._data: Any = self._model.createData()
        self._ids = [int(self._model.getJointId(name)) for name in joint_names]
        joints = [self._model.joints[i] for i in self._ids]
        self._q = [int(joint.idx_q) for joint in joints]
        self._v = [int(joint.idx_v) for joint in joints]
        self._circle = [k for k, joint in enumerate(joints) if int(joint.nq) == 2]
        self._direct = not self._circle and self._v == list(range(self._model.nv))
        blocks = [np.arange(10) + 10 * (i - 1) for i in self._ids]
        self._columns = np.concatenate(blocks)
        self._in_order = self._direct and self._ids == sorted(self._ids)
        self._position = pinocchio.neutral(self._model)
        self._velocity, self._acceleration = np.zeros((2, self._model.nv))

    @property
    def parameters(self) -> Matrix:
        """Standard parameters of the link of every joint, shape (n_joints, 10)."""
        return np.stack([self._model.inertias[i].toDynamicParameters() for i in self._ids])

    def set_parameters(self, parameters: Matrix) -> None:
        """Replace the standard parameters, shape (n_joints, 10). No mass may be zero."""
        for i, row in zip(self._ids, parameters, strict=True):
            self._model.inertias[i] = self._library.Inertia.FromDynamicParameters(row)

    def set_armature(self, armature: Vector) -> None:
        """Replace the inertia of the rotors seen at the joints, shape (n_joints,)."""
        own = np.zeros(self._model.nv)
        own[self._v] = armature
        self._model.armature = own

    def inverse_dynamics(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """Return the effort of a motion, shape (n_joints,); the next call may overwrite it."""
        if not self._direct:
            position, velocity, acceleration = self._arguments(position, velocity, acceleration)
        torque: Vector = self._rnea(self._model, self._data, position, velocity, acceleration)
        return torque if self._direct else torque[self._v]

    def gravity(self, position: Vector) -> Vector:
        """Return the effort that holds a posture, (n_joints,); the next call may overwrite it."""
        q = self._arguments(position, position, position)[0]
        torque: Vector = self._library.computeGeneralizedGravity(self._model, self._data, q)
        return torque if self._direct else torque[self._v]

    def regressor(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:
        """Return the effort per unit of every standard parameter, without rotors.

        Source: C. Atkeson, C. An, J. Hollerbach, "Estimation of inertial parameters of
        manipulator loads and links", Int. J. Robotics Research 5(3), 1986: the effort is linear
        in the standard parameters.

        Returns:
            Shape (n_joints, 10 * n_joints): ten columns for the link of each joint, as
            :data:`STANDARD_PARAMETERS`. The next call may overwrite it.
        """
        arguments = self._arguments(position, velocity, acceleration)
        whole: Matrix = self._library.computeJointTorqueRegressor(
            self._model, self._data, *arguments
        )
        return whole if self._in_order else whole[self._v][:, self._columns]

    def jacobian(self, position: Vector, frame: int) -> Matrix:
        """Return how the origin of a frame moves in the axes of the base, shape (3, n_joints)."""
        q = self._arguments(position, position, position)[0]
        jacobian = self._library.computeFrameJacobian(
            self._model, self._data, q, frame, self._library.ReferenceFrame.LOCAL_WORLD_ALIGNED
        )
        return np.asarray(jacobian[:3, self._v], np.float64)

    def moving_link(self, link: str | None) -> tuple[str, int, int, Matrix, Vector]:
        """Return name and number of a link that moves, and where it sits on its joint.

        Args:
            link: Its name; None for the last one of the URDF that moves.

        Returns:
            Name, number of the frame, which joint in our order carries it, and rotation (3, 3)
            and translation [m] (3,) at that joint.

        Raises:
            ConfigError: If no link of that name moves.
        """
        kind = self._library.FrameType.BODY
        moving = [f for f in self._model.frames if f.type == kind and f.parentJoint > 0]
        frame = next((f for f in reversed(moving) if link in {None, f.name}), None)
        if frame is None:
            names = [f.name for f in moving]
            raise ConfigError(f'The payload link must be one of {names}, got {link!r}.')
        carrier = self._ids.index(int(frame.parentJoint))
        number = int(self._model.getFrameId(frame.name, kind))
        at = frame.placement
        return str(frame.name), number, carrier, at.rotation, at.translation

    def _arguments(
        self, position: Vector, velocity: Vector, acceleration: Vector
    ) -> tuple[Vector, Vector, Vector]:
        """Return a motion in the order of pinocchio."""
        if self._direct:
            return position, velocity, acceleration
        q = self._position
        q[self._q] = position
        for j in self._circle:
            q[self._q[j]], q[self._q[j] + 1] = np.cos(position[j]), np.sin(position[j])
        self._velocity[self._v], self._acceleration[self._v] = velocity, acceleration
        return q, self._velocity, self._acceleration
