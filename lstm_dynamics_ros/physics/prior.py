# SPDX-License-Identifier: Apache-2.0
"""Torque of an ideal rigid-body robot, from its URDF. The only file that imports pinocchio."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.errors import (
    ConfigError,
    DataError,
    JointNamesError,
    MissingLibraryError,
    ShapeError,
)
from lstm_dynamics_ros.physics.payload import payload_columns
from lstm_dynamics_ros.state import Matrix, Vector
import numpy as np

STANDARD_PARAMETERS = 10
"""Mass, first moments and inertia of one body."""


class RigidBodyPrior:
    """Inverse dynamics of the joints of a URDF, all other joints locked at zero.

    Args:
        urdf: URDF file, or the text of one as in ``/robot_description``. Meshes are not needed.
        joint_names: The joints, in the order of the columns of every array.
        armature: Inertia of each rotor seen at its joint [kg m^2] or [kg], one per joint; a URDF
            cannot hold it. None counts as zero.
        payload_link: Link a payload is fixed to; by default the last one of the URDF that moves.

    Raises:
        MissingLibraryError: If pinocchio is not installed.
        DataError: If the file is missing or no robot.
        JointNamesError: If the URDF lacks one of the joints.
        ConfigError: If the armature or the link for the payload does not fit.
    """

    def __init__(
        self,
        urdf: str | Path,
        joint_names: Sequence[str],
        *,
        armature: Sequence[float] | None = None,
        payload_link: str | None = None,
    ) -> None:
        try:
            import pinocchio  # noqa: PLC0415
        except ImportError as error:
            raise MissingLibraryError('pinocchio', 'physics') from error
        data, name = _read(urdf)
        self.joint_names = tuple(joint_names)
        self.urdf = data.decode()
        """Text of the URDF."""
        self.sha256 = sha256(data).hexdigest()
        """Digest of the URDF."""
        try:
            whole = pinocchio.buildModelFromXML(data.decode())
        except (ValueError, RuntimeError) as error:
            raise DataError(f'{name} is not a URDF that pinocchio reads: {error}') from error
        self.source: str = name if isinstance(urdf, Path) or '<' not in urdf else whole.name
        """Name of the URDF file, or of the robot if its text was given."""
        names = list(whole.names)[1:]
        if lost := set(joint_names) - set(names):
            raise JointNamesError(joint_names, [n for n in names if n not in lost])
        locked = [whole.getJointId(name) for name in names if name not in joint_names]
        zero = pinocchio.neutral(whole)
        self._library: Any = pinocchio
        self._model: Any = pinocchio.buildReducedModel(whole, locked, zero) if locked else whole
        self._data: Any = self._model.createData()
        ids = [self._model.getJointId(name) for name in joint_names]
        joints = [self._model.joints[i] for i in ids]
        self._q = [int(joint.idx_q) for joint in joints]
        self._v = [int(joint.idx_v) for joint in joints]
        self._circle = [k for k, joint in enumerate(joints) if int(joint.nq) == 2]
        self._direct = not self._circle and self._v == list(range(self._model.nv))
        self._position = pinocchio.neutral(self._model)
        self._velocity, self._acceleration = np.zeros((2, self._model.nv))
        self._set_armature(armature)
        self._find_payload(payload_link)

    def torque(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:
        """Return the effort that an ideal robot needs for a motion.

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
        self._check(position, velocity, acceleration)
        if position.ndim == 1:
            return self._row(position, velocity, acceleration)
        result = np.empty(position.shape)
        for i, row in enumerate(result):
            row[:] = self._row(position[i], velocity[i], acceleration[i])
        return result

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:
        """Return the effort that each unit of a payload costs in a motion.

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
        self._check(position, velocity, acceleration)
        regressor = self._library.computeJointTorqueRegressor(
            self._model, self._data, *self._arguments(position, velocity, acceleration)
        )
        return np.asarray(regressor[self._v, self._of_carrier] @ self._columns, np.float64)

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
        self._check(position, position, position)
        q = self._arguments(position, position, position)[0]
        jacobian = self._library.computeFrameJacobian(
            self._model, self._data, q, self._carrier,
            self._library.ReferenceFrame.LOCAL_WORLD_ALIGNED,
        )  # fmt: skip
        return np.asarray(jacobian[:3, self._v], np.float64)

    def description(self) -> dict[str, str]:
        """Return what a model card says of it: enough to make it again on the robot."""
        return {
            'source': self.source,
            'sha256': self.sha256,
            'armature': ' '.join(repr(float(value)) for value in self.armature),
            'payload_link': self.payload_link,
            'urdf': self.urdf,
        }

    @classmethod
    def from_description(
        cls, description: Mapping[str, str], joint_names: Sequence[str]
    ) -> 'RigidBodyPrior':
        """Return the prior that a model card describes.

        Raises:
            MissingLibraryError: If pinocchio is not installed.
            DataError: If the card holds no URDF, or not the one it names.
            JointNamesError: If the URDF lacks one of the joints.
        """
        text = description.get('urdf', '')
        if sha256(text.encode()).hexdigest() != description.get('sha256'):
            raise DataError(
                'The model card does not hold the URDF of its rigid-body prior. Export again.'
            )
        return cls(
            text,
            joint_names,
            armature=[float(value) for value in description.get('armature', '').split()] or None,
            payload_link=description.get('payload_link') or None,
        )

    def _row(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        arguments = self._arguments(position, velocity, acceleration)
        torque: Vector = self._library.rnea(self._model, self._data, *arguments)
        return torque if self._direct else torque[self._v]

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

    def _check(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> None:
        n = len(self.joint_names)
        shape = (n,) if position.ndim == 1 else (len(position), n)
        if not position.shape == velocity.shape == acceleration.shape == shape:
            for what, array in (
                ('position', position), ('velocity', velocity), ('acceleration', acceleration),
            ):  # fmt: skip
                if array.shape != shape:
                    raise ShapeError(what, shape, array.shape)

    def _set_armature(self, armature: Sequence[float] | None) -> None:
        self.armature: Vector = np.zeros(len(self.joint_names))
        """Inertia of the rotors seen at the joints [kg m^2] or [kg], shape (n_joints,)."""
        if armature is None:
            return
        values = np.array(armature, np.float64)
        if values.shape != (len(self.joint_names),) or not (values >= 0).all():
            raise ConfigError(
                f'armature must be one number >= 0 for each of {list(self.joint_names)}, '
                f'got {armature}.'
            )
        own = np.zeros(self._model.nv)
        own[self._v] = values
        self.armature = values
        self._model.armature = own

    def _find_payload(self, link: str | None) -> None:
        kind = self._library.FrameType.BODY
        moving = [f for f in self._model.frames if f.type == kind and f.parentJoint > 0]
        frame = next((f for f in reversed(moving) if link in {None, f.name}), None)
        if frame is None:
            names = [f.name for f in moving]
            raise ConfigError(f'The payload link must be one of {names}, got {link!r}.')
        self.payload_link: str = frame.name
        """Link a payload is fixed to, in whose axes its centre of mass is given."""
        first = STANDARD_PARAMETERS * (int(frame.parentJoint) - 1)
        self._carrier = self._model.getFrameId(frame.name, kind)
        self._of_carrier = slice(first, first + STANDARD_PARAMETERS)
        self._columns = payload_columns(frame.placement.rotation, frame.placement.translation)


def _read(urdf: str | Path) -> tuple[bytes, str]:
    """Return the URDF, and what to call it in a message."""
    if isinstance(urdf, str) and '<' in urdf:
        return urdf.encode(), 'The text of the robot description'
    path = Path(urdf)
    if not path.is_file():
        raise DataError(f'There is no URDF file {path}.')
    return path.read_bytes(), path.name
