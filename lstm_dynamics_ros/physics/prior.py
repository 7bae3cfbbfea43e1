# SPDX-License-Identifier: Apache-2.0
"""Torque of an ideal rigid-body robot, from its URDF. The only file that imports pinocchio."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.errors import DataError, JointNamesError, MissingLibraryError, ShapeError
from lstm_dynamics_ros.state import Matrix
import numpy as np


class RigidBodyPrior:
    """Inverse dynamics of the joints of a URDF, all other joints locked at zero.

    Args:
        urdf: URDF file. Meshes are not needed.
        joint_names: The joints, in the order of the columns of every array.

    Raises:
        MissingLibraryError: If pinocchio is not installed.
        DataError: If the file is missing or no robot.
        JointNamesError: If the URDF lacks one of the joints.
    """

    def __init__(self, urdf: str | Path, joint_names: Sequence[str]) -> None:
        try:
            import pinocchio  # noqa: PLC0415
        except ImportError as error:
            raise MissingLibraryError('pinocchio', 'physics') from error
        path = Path(urdf)
        if not path.is_file():
            raise DataError(f'There is no URDF file {path}.')
        data = path.read_bytes()
        self.joint_names = tuple(joint_names)
        self.source = path.name
        """Name of the URDF file."""
        self.sha256 = sha256(data).hexdigest()
        """Digest of the URDF file."""
        try:
            whole = pinocchio.buildModelFromXML(data.decode())
        except (ValueError, RuntimeError) as error:
            raise DataError(f'{path} is not a URDF that pinocchio reads: {error}') from error
        names = list(whole.names)[1:]
        if lost := set(joint_names) - set(names):
            raise JointNamesError(joint_names, [n for n in names if n not in lost])
        locked = [whole.getJointId(name) for name in names if name not in joint_names]
        zero = pinocchio.neutral(whole)
        self._library: Any = pinocchio
        self._model: Any = pinocchio.buildReducedModel(whole, locked, zero) if locked else whole
        self._data: Any = self._model.createData()
        joints = [self._model.joints[self._model.getJointId(name)] for name in joint_names]
        self._q = [int(joint.idx_q) for joint in joints]
        self._v = [int(joint.idx_v) for joint in joints]
        self._circle = [int(joint.nq) == 2 for joint in joints]

    def torque(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:
        """Return the effort that an ideal robot needs for a motion.

        Source: R. Featherstone, "Rigid Body Dynamics Algorithms", 2008, ch. 5 (recursive
        Newton-Euler): ``tau = M(q) ddq + C(q, dq) dq + g(q)``.

        Args:
            position: Joint positions [rad] or [m], shape (n_steps, n_joints).
            velocity: Joint velocities [rad/s] or [m/s], same shape.
            acceleration: Joint accelerations [rad/s^2] or [m/s^2], same shape.

        Returns:
            Efforts [N m] or [N], shape (n_steps, n_joints).

        Raises:
            ShapeError: If a shape is wrong.
        """
        shape = (len(position), len(self.joint_names))
        for what, array in (
            ('position', position), ('velocity', velocity), ('acceleration', acceleration),
        ):  # fmt: skip
            if array.shape != shape:
                raise ShapeError(what, shape, array.shape)
        result = np.empty(shape)
        q = self._library.neutral(self._model)
        v, a = np.zeros(self._model.nv), np.zeros(self._model.nv)
        for i in range(len(position)):
            for j, (k, circle) in enumerate(zip(self._q, self._circle, strict=True)):
                if circle:
                    q[k], q[k + 1] = np.cos(position[i, j]), np.sin(position[i, j])
                else:
                    q[k] = position[i, j]
            v[self._v], a[self._v] = velocity[i], acceleration[i]
            result[i] = self._library.rnea(self._model, self._data, q, v, a)[self._v]
        return result
