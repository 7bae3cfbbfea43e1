# SPDX-License-Identifier: Apache-2.0
"""Whether standard parameters can be those of a body, and how large they usually are."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.state import Matrix
import numpy as np

ROUNDING = 1e-9
"""An eigenvalue this far below zero, relative to the largest, is rounding."""

SMALLEST_SHARE = 0.1
"""A link counts as at least this share of the mean mass when its parameters are scaled."""


def pseudo_inertia(parameters: Matrix) -> Matrix:
    """Return the second moments of the mass of every link.

    ``[[tr(I)/2 1 - I, h], [h', m]]`` with I about the origin and h the first moment. A body of
    positive density has it positive definite, and every positive definite one is of such a body.

    Source: P. Wensing, S. Kim, J.-J. Slotine, "Linear matrix inequalities for physically
    consistent inertial parameter identification", IEEE RA-L 3(1), 2018.

    Args:
        parameters: Standard parameters, shape (n_links, 10).

    Returns:
        Shape (n_links, 4, 4) [kg m^2, kg m, kg].
    """
    result = np.empty((len(parameters), 4, 4))
    for matrix, (m, hx, hy, hz, xx, xy, yy, xz, yz, zz) in zip(result, parameters, strict=True):
        inertia = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        matrix[:3, :3] = 0.5 * (xx + yy + zz) * np.eye(3) - inertia
        matrix[:3, 3] = matrix[3, :3] = hx, hy, hz
        matrix[3, 3] = m
    return result


def impossible_links(parameters: Matrix, names: Sequence[str]) -> list[str]:
    """Return the names of the links whose parameters no body of positive density has.

    Args:
        parameters: Standard parameters, shape (n_links, 10).
        names: Their names.
    """
    values = np.linalg.eigvalsh(pseudo_inertia(parameters))
    bad = values[:, 0] < -ROUNDING * np.abs(values).max(axis=1)
    return [name for name, wrong in zip(names, bad, strict=True) if wrong]


def usual_size(parameters: Matrix) -> Matrix:
    """Return how large each standard parameter of a robot usually is, for scaling.

    Masses by the links' own; moments and inertia by these times one length of the whole robot: the
    root of the mean square distance of its mass from the origins of its links.

    Args:
        parameters: Standard parameters by the URDF, shape (n_links, 10).

    Returns:
        Shape (n_links, 10), all above zero.
    """
    mean = float(parameters[:, 0].mean())
    mass = (
        np.maximum(parameters[:, 0], SMALLEST_SHARE * mean)
        if mean > 0
        else np.ones(len(parameters))
    )
    second = 0.5 * float(parameters[:, [4, 6, 9]].sum())  # sum of m r^2 over all links
    length = np.sqrt(second / mass.sum()) if second > 0 else 0.1
    scale = np.array([1.0, *[length] * 3, *[length**2] * 6])
    result: Matrix = mass[:, None] * scale
    return result
