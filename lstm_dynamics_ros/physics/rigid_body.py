# SPDX-License-Identifier: Apache-2.0
"""Torque of a rigid-body robot from its URDF, with identified parameters where there are any.

The only file that imports pinocchio.
"""

from collections.abc import Mapping, Sequence
import copyreg
from hashlib import sha256
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import (
    ConfigError,
    DataError,
    JointNamesError,
    MissingLibraryError,
    ShapeError,
)
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.physics.friction import Friction, FrictionStep
from lstm_dynamics_ros.physics.parameters import (
    as_text,
    checked_armature,
    checked_parameters,
    identified,
    STANDARD_PARAMETERS,
    urdf_of,
)
from lstm_dynamics_ros.physics.payload import payload_columns
from lstm_dynamics_ros.physics.urdf import read_urdf
import numpy as np


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


class RigidBodyPrior:
    """Inverse dynamics of the joints of a URDF, all other joints locked at zero.

    Args:
        urdf: URDF file, or the text of one as in ``/robot_description``. Meshes are not needed.
        joint_names: The joints, in the order of the columns of every array.
        armature: Inertia of each rotor seen at its joint [kg m^2] or [kg], one per joint; a URDF
            cannot hold it. None counts as zero.
        payload_link: Link a payload is fixed to; by default the last one of the URDF that moves.
        parameters: Standard parameters of the link of each joint in place of the URDF's, shape
            (n_joints, 10), as :data:`~lstm_dynamics_ros.physics.parameters.STANDARD_PARAMETERS`.
        friction: Friction that counts as part of the torque. None counts as no friction: whoever
            compensates friction at a *measured* velocity risks a limit cycle.
        source: What the robot is called; by default the file, or by the URDF's text its name.

    Raises:
        MissingLibraryError: If pinocchio is not installed.
        DataError: If the file is missing or no robot.
        JointNamesError: If the URDF lacks one of the joints.
        ConfigError: If armature, parameters, friction or the link for the payload do not fit.
    """

    def __init__(
        self,
        urdf: str | Path,
        joint_names: Sequence[str],
        *,
        armature: Sequence[float] | Vector | None = None,
        payload_link: str | None = None,
        parameters: Matrix | None = None,
        friction: Friction | None = None,
        source: str = '',
    ) -> None:
        data, name = read_urdf(urdf)
        self.joint_names = tuple(joint_names)
        self.urdf = data.decode()
        """Text of the URDF."""
        self.sha256 = sha256(data).hexdigest()
        """Digest of the URDF."""
        self._bodies = Multibody(self.urdf, name, joint_names)
        from_text = isinstance(urdf, str) and '<' in urdf
        self.source: str = source or (self._bodies.robot_name if from_text else name)
        """Name of the URDF file, or of the robot if its text was given."""
        self.nominal: Matrix = self._bodies.parameters
        """Standard parameters by the URDF, shape (n_joints, 10)."""
        self.parameters: Matrix = self.nominal
        """Standard parameters that count, shape (n_joints, 10)."""
        self.friction = friction
        """Friction that counts as part of the torque; None without."""
        self.armature: Vector = checked_armature(armature, joint_names)
        """Inertia of the rotors seen at the joints [kg m^2] or [kg], shape (n_joints,)."""
        self._bodies.set_armature(self.armature)
        if parameters is not None:
            self.parameters = checked_parameters(parameters, len(joint_names))
            self._bodies.set_parameters(self.parameters)
        self._step = None if friction is None else _friction_step(friction, joint_names)
        self.payload_link, self._frame, carrier, *placed = self._bodies.moving_link(payload_link)
        """Link a payload is fixed to, in whose axes its centre of mass is given."""
        first = len(STANDARD_PARAMETERS) * carrier
        self._of_carrier = slice(first, first + len(STANDARD_PARAMETERS))
        self._columns = payload_columns(*placed)

    def torque(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:
        """Return the effort that a motion needs: that of rigid bodies, and friction if it counts.

        Source: R. Featherstone, "Rigid Body Dynamics Algorithms", 2008, ch. 5 (recursive
        Newton-Euler): ``tau = M(q) ddq + C(q, dq) dq + g(q)``.

        Args:
            position: Joint positions [rad] or [m], shape (n_joints,) or (n_steps, n_joints).
            velocity: Joint velocities [rad/s] or [m/s], same shape.
            acceleration: Joint accelerations [rad/s^2] or [m/s^2], same shape.

        Returns:
            Efforts [N m] or [N], same shape. One row alone may be overwritten by the next call.

        Raises:
            ShapeError: If a shape is wrong.
        """
        _check(len(self.joint_names), position, velocity, acceleration)
        if position.ndim == 1:
            return self._row(position, velocity, acceleration)
        rows = zip(position, velocity, acceleration, strict=True)
        return np.array([self._row(*row).copy() for row in rows]).reshape(position.shape)

    def gravity(self, position: Matrix) -> Matrix:
        """Return the effort that gravity alone calls for: no offset of the friction is in it.

        Args:
            position: Joint positions [rad] or [m], shape (n_joints,) or (n_steps, n_joints).

        Returns:
            Efforts [N m] or [N], same shape. One row alone may be overwritten by the next call.

        Raises:
            ShapeError: If the shape is wrong.
        """
        _check(len(self.joint_names), position, position, position)
        if position.ndim == 1:
            return self._bodies.gravity(position)
        return np.array([self._bodies.gravity(row) for row in position]).reshape(position.shape)

    def regressor(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:
        """Return the effort per unit of every standard parameter, without rotors and friction.

        Args:
            position: Joint positions [rad] or [m], shape (n_steps, n_joints).
            velocity: Joint velocities [rad/s] or [m/s], same shape.
            acceleration: Joint accelerations [rad/s^2] or [m/s^2], same shape.

        Returns:
            Shape (n_steps, n_joints, 10 * n_joints), see
            :meth:`~lstm_dynamics_ros.physics.rigid_body.Multibody.regressor`.

        Raises:
            ShapeError: If a shape is wrong.
        """
        n = len(self.joint_names)
        if position.ndim != 2:
            raise ShapeError('position', (len(position), n), position.shape)
        _check(n, position, velocity, acceleration)
        rows = zip(position, velocity, acceleration, strict=True)
        blocks = [self._bodies.regressor(*row).copy() for row in rows]
        return np.array(blocks).reshape(len(position), n, n * len(STANDARD_PARAMETERS))

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:
        """Return the effort per unit of a payload in a motion.

        The payload is fixed to the payload link and has four parameters: mass [kg] and mass times
        centre of mass [kg m] along the axes of that link. What its extent adds to its inertia
        beyond that is neglected.

        Source: C. Atkeson, C. An, J. Hollerbach, "Estimation of inertial parameters of
        manipulator loads and links", Int. J. Robotics Research 5(3), 1986.

        Args:
            position: Joint positions [rad] or [m], shape (n_joints,).
            velocity: Joint velocities [rad/s] or [m/s], same shape.
            acceleration: Joint accelerations [rad/s^2] or [m/s^2], same shape.

        Returns:
            Effort per unit of ``[m, m cx, m cy, m cz]``, shape (n_joints, 4).

        Raises:
            ShapeError: If a shape is wrong.
        """
        if position.ndim != 1:
            raise ShapeError('position', (len(self.joint_names),), position.shape)
        _check(len(self.joint_names), position, velocity, acceleration)
        regressor = self._bodies.regressor(position, velocity, acceleration)
        return regressor[:, self._of_carrier] @ self._columns

    def tool_jacobian(self, position: Vector) -> Matrix:
        """Return how the origin of the payload link moves with the joints.

        Args:
            position: Joint positions [rad] or [m], shape (n_joints,).

        Returns:
            Velocity in the axes of the base per velocity of each joint [m/rad] or [m/m], shape
            (3, n_joints).

        Raises:
            ShapeError: If the shape is wrong.
        """
        _check(len(self.joint_names), position, position, position)
        return self._bodies.jacobian(position, self._frame)

    def description(self) -> dict[str, str]:
        """Return what a model card says of it: enough to make it again on the robot."""
        result = {
            'source': self.source,
            'sha256': self.sha256,
            'armature': as_text(self.armature),
            'payload_link': self.payload_link,
            'urdf': self.urdf,
        }
        if self.parameters is not self.nominal:
            result['parameters'] = as_text(self.parameters)
        return result if self.friction is None else result | {'friction': self.friction.to_text()}

    @classmethod
    def from_description(
        cls, description: Mapping[str, str], joint_names: Sequence[str]
    ) -> 'RigidBodyPrior':
        """Return the prior that a model card describes.

        Raises:
            MissingLibraryError: If pinocchio is not installed.
            DataError: If the card holds no URDF, or not the one it names.
            JointNamesError: If the URDF lacks one of the joints.
            ConfigError: If identified parameters or friction do not fit.
        """
        return cls(urdf_of(description), joint_names, **identified(description))

    def _row(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        torque = self._bodies.inverse_dynamics(position, velocity, acceleration)
        if self._step is not None:
            self._step.add(velocity, torque)
        return torque


def _sent(prior: RigidBodyPrior) -> tuple[Any, ...]:
    """Return what makes a copy in another process, to which pinocchio's models cannot be sent."""
    args = (prior.description(), prior.joint_names)
    return RigidBodyPrior.from_description, args, {'source': prior.source}


copyreg.pickle(RigidBodyPrior, _sent)


def _check(n: int, position: Matrix, velocity: Matrix, acceleration: Matrix) -> None:
    """Refuse a motion that is not one row, or several, of n joints."""
    shape = (n,) if position.ndim == 1 else (len(position), n)
    if position.shape == velocity.shape == acceleration.shape == shape:
        return
    given = {'position': position, 'velocity': velocity, 'acceleration': acceleration}
    for what, array in given.items():
        if array.shape != shape:
            raise ShapeError(what, shape, array.shape)


def _friction_step(friction: Friction, names: Sequence[str]) -> FrictionStep:
    if friction.coulomb.shape != (len(names),):
        raise ConfigError(
            f'friction must be that of {list(names)}, got {len(friction.coulomb)} joints.'
        )
    return FrictionStep(friction)
