# SPDX-License-Identifier: Apache-2.0
"""Base parameters: the combinations of standard parameters that a motion can show at all."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.lazy import load
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np
from numpy.typing import NDArray

RANK = 1e-9
"""A column is dependent if the others leave less than this share of the largest of it."""

SHOWN = 1e-6
"""A parameter takes part in a combination if its factor is larger."""


class BaseParameters(NamedTuple):
    """Which standard parameters stand for what can be identified."""

    columns: NDArray[np.int64]
    """Numbers of the standard parameters that were kept, one per base parameter (n_base,)."""
    combination: Matrix
    """Base parameters from standard parameters, shape (n_base, n_columns)."""

    def names(self, standard: Sequence[str]) -> list[str]:
        """Return every combination in words, like ``m_2 + 0.316 my_3``."""
        return [_sum(row, standard) for row in self.combination]


def base_parameters(regressor: Matrix) -> BaseParameters:
    """Return the base parameters of a regressor, by QR decomposition with pivoting.

    With ``W P = Q [R1 R2; 0 0]`` the base parameters are ``pi_1 + R1^-1 R2 pi_2``.

    Source: M. Gautier, "Numerical calculation of the base inertial parameters of robots", J.
    Robotic Systems 8(4), 1991.

    Args:
        regressor: Effort per unit of every standard parameter at random motions, shape (n_rows,
            n_columns), with columns of comparable size.

    Raises:
        MissingLibraryError: If scipy is not installed.
    """
    linalg = load('scipy.linalg')
    upper, order = linalg.qr(regressor, mode='r', pivoting=True, check_finite=False)
    size = np.abs(np.diag(upper))
    rank = int((size > RANK * size[0]).sum()) if size.size else 0
    inside = linalg.solve_triangular(upper[:rank, :rank], upper[:rank, rank:])
    combination = np.zeros((rank, regressor.shape[1]))
    combination[:, order[:rank]] = np.eye(rank)
    combination[:, order[rank:]] = inside
    places = np.argsort(order[:rank])
    return BaseParameters(order[:rank][places].astype(np.int64), combination[places])


def condition_number(regressor: Matrix) -> float:
    """Return how much larger the best shown direction is than the worst, columns of length one.

    Above about 100 the data hardly tell some parameters from others.

    Source: M. Gautier and W. Khalil, "Exciting trajectories for the identification of base
    inertial parameters of robots", Int. J. Robotics Research 11(4), 1992.

    Args:
        regressor: Effort per unit of every base parameter, shape (n_rows, n_base).
    """
    length = np.linalg.norm(regressor, axis=0)
    if not (length > 0).all():
        return float('inf')
    return float(np.linalg.cond(regressor / length))


def deviations(regressor: Matrix) -> Vector:
    """Return the standard deviations of the base parameters by ordinary least squares.

    Source: W. Khalil and E. Dombre, "Modeling, identification and control of robots", 2002, ch.
    12.

    Args:
        regressor: Effort per unit of every base parameter, each row divided by the standard
            deviation of its error, shape (n_rows, n_base).

    Returns:
        Shape (n_base,); infinite where the data say nothing.
    """
    length = np.linalg.norm(regressor, axis=0)
    result: Vector = np.full(len(length), np.inf)
    shown = length > 0
    if shown.any():
        _, size, axes = np.linalg.svd(regressor[:, shown] / length[shown], full_matrices=False)
        least = np.maximum(size, np.finfo(float).eps * size[0])
        result[shown] = np.sqrt(((axes / least[:, None]) ** 2).sum(axis=0)) / length[shown]
    return result


def _sum(row: Vector, standard: Sequence[str]) -> str:
    """Return a combination in words, the parameter with factor one first."""
    order = np.flatnonzero(np.abs(row) > SHOWN).tolist()
    order.sort(key=lambda k: row[k] != 1.0)
    parts: list[str] = []
    for k in order:
        factor = '' if abs(abs(row[k]) - 1.0) < SHOWN else f'{abs(row[k]):.4g} '
        sign = ('' if row[k] > 0 else '-') if not parts else (' + ' if row[k] > 0 else ' - ')
        parts.append(f'{sign}{factor}{standard[k]}')
    return ''.join(parts)
