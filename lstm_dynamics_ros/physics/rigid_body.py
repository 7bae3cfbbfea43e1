# SPDX-License-Identifier: Apache-2.0
"""Torque of a rigid-body robot from its URDF, with identified parameters where there are any."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError, DataError, ShapeError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.physics.friction import Friction, FrictionStep
from lstm_dynamics_ros.physics.multibody import Multibody, STANDARD_PARAMETERS
from lstm_dynamics_ros.physics.payload import payload_columns
from lstm_dynamics_ros.physics.urdf import read_urdf
import numpy as np


class RigidBodyPrior:
    """Inverse dynamics of the joints of a URDF, all other joints locked at zero.

    Args:
        urdf: URDF file, or the text of one as in ``/robot_description``. Meshes are not needed.
        joint_names: The joints, in the order of the columns of every array.
        armature: Inertia of each rotor seen at its joint [kg m^2] or [kg], one per joint; a URDF
            cannot hold it. None counts as zero.
        payload_link: Link a payload is fixed to; by default the last one of the URDF that moves.
        parameters: Standard parameters of the link of each joint in place of the URDF's, shape
            (n_joints, 10), as :data:`~lstm_dynamics_ros.physics.multibody.STANDARD_PARAMETERS`.
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
        given_file = isinstance(urdf, Path) or '<' not in urdf
        self.source: str = source or (name if given_file else self._bodies.robot_name)
        """Name of the URDF file, or of the robot if its text was given."""
        self.nominal: Matrix = self._bodies.parameters
        """Standard parameters by the URDF, shape (n_joints, 10)."""
        self.parameters: Matrix = self.nominal
        """Standard parameters that count, shape (n_joints, 10)."""
        self.friction = friction
        """Friction that counts as part of the torque; None without."""
        self._set_armature(armature)
        self._set_parameters(parameters)
        self._step = None if friction is None else self._friction_step(friction)
        found = self._bodies.moving_link(payload_link)
        self.payload_link: str = found[0]
        """Link a payload is fixed to, in whose axes its centre of mass is given."""
        self._carrier = found[1]
        first = len(STANDARD_PARAMETERS) * found[2]
        self._of_carrier = slice(first, first + len(STANDARD_PARAMETERS))
        self._columns = payload_columns(found[3], found[4])

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
        self._check(position, velocity, acceleration)
        if position.ndim == 1:
            return self._row(position, velocity, acceleration)
        result = np.empty(position.shape)
        for i, row in enumerate(result):
            row[:] = self._row(position[i], velocity[i], acceleration[i])
        return result

    def gravity(self, position: Matrix) -> Matrix:
        """Return the effort that gravity alone calls for: no offset of the friction is in it.

        Args:
            position: Joint positions [rad] or [m], shape (n_joints,) or (n_steps, n_joints).

        Returns:
            Efforts [N m] or [N], same shape. One row alone may be overwritten by the next call.

        Raises:
            ShapeError: If the shape is wrong.
        """
        self._check(position, position, position)
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
            :meth:`~lstm_dynamics_ros.physics.multibody.Multibody.regressor`.

        Raises:
            ShapeError: If a shape is wrong.
        """
        n = len(self.joint_names)
        if position.ndim != 2:
            raise ShapeError('position', (len(position), n), position.shape)
        self._check(position, velocity, acceleration)
        result = np.empty((len(position), n, n * len(STANDARD_PARAMETERS)))
        for i, block in enumerate(result):
            block[:] = self._bodies.regressor(position[i], velocity[i], acceleration[i])
        return result

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
        self._check(position, velocity, acceleration)
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
        self._check(position, position, position)
        return self._bodies.jacobian(position, self._carrier)

    def description(self) -> dict[str, str]:
        """Return what a model card says of it: enough to make it again on the robot."""
        result = {
            'source': self.source,
            'sha256': self.sha256,
            'armature': _written(self.armature),
            'payload_link': self.payload_link,
            'urdf': self.urdf,
        }
        if self.parameters is not self.nominal:
            result['parameters'] = _written(self.parameters)
        if self.friction is not None:
            result['friction'] = self.friction.to_text()
        return result

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
        text = description.get('urdf', '')
        if sha256(text.encode()).hexdigest() != description.get('sha256'):
            raise DataError(
                'The model card does not hold the URDF of its rigid-body prior. Export again.'
            )
        parameters = _numbers(description, 'parameters')
        friction = description.get('friction', '')
        return cls(
            text,
            joint_names,
            armature=_numbers(description, 'armature'),
            payload_link=description.get('payload_link') or None,
            parameters=None if parameters is None else _rows_of_ten(parameters),
            friction=Friction.from_text(friction) if friction else None,
        )

    def _row(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        torque = self._bodies.inverse_dynamics(position, velocity, acceleration)
        if self._step is not None:
            self._step.add(velocity, torque)
        return torque

    def _check(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> None:
        n = len(self.joint_names)
        shape = (n,) if position.ndim == 1 else (len(position), n)
        if not position.shape == velocity.shape == acceleration.shape == shape:
            for what, array in (
                ('position', position),
                ('velocity', velocity),
                ('acceleration', acceleration),
            ):
                if array.shape != shape:
                    raise ShapeError(what, shape, array.shape)

    def _set_armature(self, armature: Sequence[float] | Vector | None) -> None:
        n = len(self.joint_names)
        values = np.zeros(n) if armature is None else np.array(armature, np.float64)
        if values.shape != (n,) or not (values >= 0).all():
            raise ConfigError(
                f'armature must be one number >= 0 for each of {list(self.joint_names)}, '
                f'got {armature}.'
            )
        self.armature: Vector = values
        """Inertia of the rotors seen at the joints [kg m^2] or [kg], shape (n_joints,)."""
        self._bodies.set_armature(values)

    def _set_parameters(self, parameters: Matrix | None) -> None:
        if parameters is None:
            return
        shape = (len(self.joint_names), len(STANDARD_PARAMETERS))
        if parameters.shape != shape or not np.isfinite(parameters).all():
            raise ConfigError(
                f'parameters must be {shape} finite numbers, got {parameters.shape}.'
            )
        if not (parameters[:, 0] > 0).all():
            raise ConfigError(f'Every mass must be > 0, got {parameters[:, 0]}.')
        self.parameters = np.array(parameters, np.float64)
        self._bodies.set_parameters(self.parameters)

    def _friction_step(self, friction: Friction) -> FrictionStep:
        if friction.coulomb.shape != (len(self.joint_names),):
            raise ConfigError(
                f'friction must be that of {list(self.joint_names)}, got '
                f'{len(friction.coulomb)} joints.'
            )
        return FrictionStep(friction)


def _written(values: Matrix) -> str:
    """Return numbers as a model card holds them, with full precision."""
    return ' '.join(repr(float(value)) for value in values.ravel())


def _numbers(description: Mapping[str, str], key: str) -> Vector | None:
    """Return numbers of a description, None if there are none."""
    values = np.array([float(value) for value in description.get(key, '').split()])
    return values if len(values) else None


def _rows_of_ten(values: Vector) -> Matrix:
    """Return standard parameters by link; what does not fit is refused by its shape."""
    links, rest = divmod(len(values), len(STANDARD_PARAMETERS))
    return values.reshape(1, -1) if rest else values.reshape(links, -1)
