# SPDX-License-Identifier: Apache-2.0
"""A payload as inertial parameters of the link that carries it."""

from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

PAYLOAD_PARAMETERS = ('mass', 'moment_x', 'moment_y', 'moment_z')
"""Mass [kg] and mass times centre of mass [kg m], in the frame of the payload link."""


def payload_columns(rotation: Matrix, translation: Vector) -> Matrix:
    """Return the inertial parameters of the carrying joint per unit of payload parameters.

    A payload without extent, of mass m and first moment h about its own frame, has about the
    joint ``h' = R h + m p`` and, by the parallel-axis theorem for a shifted origin,
    ``I' = m (p.p 1 - p p') + 2 (p.Rh) 1 - p (Rh)' - (Rh) p'``.

    Args:
        rotation: Orientation of the payload's frame at the joint, shape (3, 3).
        translation: Origin of that frame at the joint [m], shape (3,).

    Returns:
        Columns ``m, hx, hy, hz``, rows ``m, hx, hy, hz, Ixx, Ixy, Iyy, Ixz, Iyz, Izz`` about the
        joint, shape (10, 4).
    """
    columns = np.zeros((10, 4))
    one, p = np.eye(3), np.asarray(translation)
    for k in range(4):
        mass, moment = (1.0, np.zeros(3)) if k == 0 else (0.0, rotation[:, k - 1])
        inertia = mass * (p @ p * one - np.outer(p, p))
        inertia += 2 * (p @ moment) * one - np.outer(p, moment) - np.outer(moment, p)
        columns[0, k] = mass
        columns[1:4, k] = moment + mass * p
        columns[4:, k] = inertia[[0, 0, 1, 0, 1, 2], [0, 1, 1, 2, 2, 2]]
    return columns
