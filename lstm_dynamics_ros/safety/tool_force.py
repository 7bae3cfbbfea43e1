# SPDX-License-Identifier: Apache-2.0
"""Whether a force at the tool explains torque that nobody expected."""

from typing import NamedTuple, Protocol, runtime_checkable

from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

SMALLEST_SINGULAR = 1e-6
"""Directions in which a force is felt less than this, relative to the best, are not estimated."""


@runtime_checkable
class ToolModel(Protocol):
    """A model of the robot that knows how its tool moves with its joints."""

    def tool_jacobian(self, position: Vector) -> Matrix:
        """Return how the tool moves with the joints [m/rad] or [m/m], shape (3, n_joints)."""


class ToolForce(NamedTuple):
    """The force at the tool that explains a residual best."""

    force: Vector
    """Force that the robot exerts on its surroundings [N], shape (3,), axes of the base."""
    explained: float
    """Length of what it explains of the residual, in units of the band."""
    left: float
    """Length of what it leaves."""


def tool_force(residual: Vector, band: Vector, jacobian: Matrix) -> ToolForce:
    """Return the force at the tool that explains a residual best.

    The residual of a force at the tool lies in the three directions ``J' f``; errors of a model
    lie anywhere. Least squares in units of the band, ``min |(r - J' f) / band|``.

    Source: S. Haddadin, A. De Luca, A. Albu-Schaeffer, "Robot collisions: a survey on detection,
    isolation, and identification", IEEE T-RO 33(6), 2017, section VII (identification).

    Args:
        residual: Torque that the model did not expect [N m] or [N], shape (n_joints,).
        band: Half-width of what the model may be wrong by, > 0, shape (n_joints,).
        jacobian: How the tool moves with the joints [m/rad] or [m/m], shape (3, n_joints).
    """
    scaled, columns = residual / band, (jacobian / band).T
    force = np.asarray(np.linalg.lstsq(columns, scaled, rcond=SMALLEST_SINGULAR)[0], np.float64)
    by_force = columns @ force
    return ToolForce(
        force, float(np.linalg.norm(by_force)), float(np.linalg.norm(scaled - by_force))
    )
