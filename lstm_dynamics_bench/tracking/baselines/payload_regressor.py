# SPDX-License-Identifier: Apache-2.0
"""The torque of a load on the last link, linear in its mass and first moments."""

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

N_PARAMETERS = 4
"""Mass [kg] and the three first moments of mass [kg m]."""

ARM = 0.01
"""Distance of the point masses whose difference makes a first moment [m]."""


class PayloadRegressor:
    """Columns of torque per kilogram and per kilogram metre.

    The dynamics of a rigid body are linear in mass, first moments and inertia about a fixed
    point. The inertia of the load about the origin of the last link is left out: of a point mass
    1 cm away it is a hundredth of the first moment's share.
    Source: C. G. Atkeson, C. H. An, J. M. Hollerbach, Estimation of inertial parameters of
    manipulator loads and links, 1986.
    """

    def __init__(self, robot: RobotDescription) -> None:
        self._empty = NominalModel(robot)
        self._point = NominalModel(robot, point_mass=1.0)
        self._moved = [NominalModel(robot, point_mass=1.0, at=at) for at in ARM * np.eye(3)]

    def columns(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:
        """Return the torque of each parameter at one state, shape (n_joints, 4).

        Args:
            position: Joint positions [rad] (n_joints,).
            velocity: Joint velocities [rad/s] (n_joints,).
            acceleration: Joint accelerations [rad/s^2] (n_joints,).
        """
        out = np.empty((len(position), N_PARAMETERS))
        state = position, velocity, acceleration
        point = self._point.torque(*state)
        out[:, 0] = point - self._empty.torque(*state)
        for axis, moved in enumerate(self._moved, start=1):
            out[:, axis] = (moved.torque(*state) - point) / ARM
        return out
