# SPDX-License-Identifier: Apache-2.0
"""The textbook model: a payload, Coulomb and viscous friction, fitted to recorded runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun
import numpy as np
from scipy import signal

CUTOFF = 15.0
"""Cut-off of the zero-phase filter of positions and torques [Hz]."""

LIGHTEST = 1e-3
"""A fitted load has at least this mass [kg]."""

EVERY = 10
"""One row in this many is fitted [ms]."""

EDGE = 300
"""Rows left out at either end, where the filter has no past or future."""

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


@dataclass(frozen=True, kw_only=True)
class IdentifiedModel:
    """A fitted load and friction. All friction arrays have shape (n_joints,)."""

    load: Vector
    """Mass [kg] and first moments [kg m] of the load (4,)."""
    coulomb: Vector
    """Coulomb friction [N m]."""
    viscous: Vector
    """Viscous friction [N m s/rad]."""
    residual: float
    """RMS of what is left of the torque beyond the nominal model, as a share of it."""

    def point(self) -> tuple[float, Vector]:
        """Return the load as a point: its mass [kg] and place in the last link [m] (3,)."""
        mass = max(float(self.load[0]), LIGHTEST)
        return mass, self.load[1:] / mass

    def friction(self, velocity: Vector, smoothing: float) -> Vector:
        """Return the friction torque [N m] (n_joints,).

        Args:
            velocity: Joint velocities [rad/s] (n_joints,).
            smoothing: Velocity over which the sign is smoothed [rad/s].
        """
        torque: Vector = self.coulomb * np.tanh(velocity / smoothing) + self.viscous * velocity
        return torque


def identify(
    robot: RobotDescription, runs: Sequence[SimulatedRun], *, smoothing: float = 0.02
) -> IdentifiedModel:
    """Fit one load and the friction of each joint to runs, by least squares.

    Only what a recording holds is used: measured positions and efforts. Both go through the same
    zero-phase low-pass, which also differentiates the positions. Rows are weighted by the size of
    the torque of their joint, so that a wrist counts as much as a shoulder.

    Args:
        robot: Whose nominal model is known.
        runs: Recorded runs, with whatever payloads they had.
        smoothing: Velocity over which the sign of the friction is smoothed [rad/s].

    Raises:
        DataError: If the runs are too short to fit anything.
    """
    model, regressor = NominalModel(robot), PayloadRegressor(robot)
    n = len(robot.links)
    blocks, targets = [], []
    for run in runs:
        q, dq, ddq, effort = _smooth(run)
        for k in range(EDGE, len(q) - EDGE, EVERY):
            row = np.zeros((n, N_PARAMETERS + 2 * n))
            row[:, :N_PARAMETERS] = regressor.columns(q[k], dq[k], ddq[k])
            row[:, N_PARAMETERS : N_PARAMETERS + n] = np.diag(np.tanh(dq[k] / smoothing))
            row[:, N_PARAMETERS + n :] = np.diag(dq[k])
            blocks.append(row)
            targets.append(effort[k] - model.torque(q[k], dq[k], ddq[k]))
    if not targets:
        raise DataError(f'Identification needs runs longer than {2 * EDGE * STEP:g} s, got none.')
    target = np.array(targets)
    weight = 1.0 / np.maximum(target.std(axis=0), 1e-6)
    matrix = (np.array(blocks) * weight[:, None]).reshape(-1, N_PARAMETERS + 2 * n)
    weighted = (target * weight).ravel()
    fitted = np.linalg.lstsq(matrix, weighted, rcond=None)[0]
    left = weighted - matrix @ fitted
    return IdentifiedModel(
        load=fitted[:N_PARAMETERS],
        coulomb=fitted[N_PARAMETERS : N_PARAMETERS + n],
        viscous=fitted[N_PARAMETERS + n :],
        residual=float(np.sqrt(np.mean(left**2) / np.mean(weighted**2))),
    )


def _smooth(run: SimulatedRun) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """Return filtered positions, their derivatives, and filtered efforts."""
    sections = signal.butter(4, CUTOFF, fs=1.0 / STEP, output='sos')
    q = signal.sosfiltfilt(sections, run.position, axis=0)
    dq = np.gradient(q, STEP, axis=0)
    effort = signal.sosfiltfilt(sections, run.effort, axis=0)
    return q, dq, np.gradient(dq, STEP, axis=0), effort
