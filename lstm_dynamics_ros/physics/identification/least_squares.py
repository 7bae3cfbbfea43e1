# SPDX-License-Identifier: Apache-2.0
"""Weighted least squares drawn towards a nominal value, within bounds."""

from collections.abc import Iterable
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError, MissingLibraryError
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np


class Reduced(NamedTuple):
    """All that least squares need of many rows: ``|A x - b|^2 = |R x - z|^2 + rest``."""

    matrix: Matrix
    """Upper triangular R, shape (n_columns, n_columns) or fewer rows."""
    target: Vector
    """z, as long as R has rows."""


def reduced(blocks: Iterable[tuple[Matrix, Vector]]) -> Reduced:
    """Return rows as a triangle, block by block, so that they need never be in memory at once.

    Args:
        blocks: Matrices (n_rows, n_columns) with their targets (n_rows,).

    Raises:
        DataError: If there is no row.
    """
    triangle: Matrix | None = None
    for matrix, target in blocks:
        rows = np.column_stack([matrix, target])
        stacked = rows if triangle is None else np.vstack([triangle, rows])
        triangle = stacked
        if len(stacked) > rows.shape[1]:
            triangle = np.asarray(np.linalg.qr(stacked, mode='r'), np.float64)
    if triangle is None or not len(triangle):
        raise DataError('Identification needs at least one row, got none.')
    return Reduced(triangle[:, :-1], triangle[:, -1])


def solve(
    rows: Reduced,
    nominal: Vector,
    size: Vector,
    lower: Vector,
    strength: float,
) -> Vector:
    """Return ``argmin |R x - z|^2 + strength |(x - nominal) / size|^2`` with ``x >= lower``.

    With rows divided by the standard deviation of their error this is the most likely value if
    the parameters scatter about their nominal values by ``size / sqrt(strength)``. Where the data
    say nothing the nominal value stays: of all values that explain the data as well it is the
    nearest one.

    Source: A. Hoerl and R. Kennard, Technometrics 12, 1970; bounds by C. Lawson and R. Hanson,
    "Solving least squares problems", 1974.

    Args:
        rows: The rows.
        nominal: Where to stay without evidence, shape (n_columns,).
        size: What change counts as one, above zero, shape (n_columns,).
        lower: Least allowed values, minus infinity where there are none, shape (n_columns,).
        strength: How strongly it is drawn, above zero.

    Raises:
        MissingLibraryError: If scipy is not installed.
    """
    try:
        from scipy import optimize  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError('scipy') from error
    matrix = np.vstack([rows.matrix * size, np.sqrt(strength) * np.eye(len(nominal))])
    target = np.concatenate([rows.target - rows.matrix @ nominal, np.zeros(len(nominal))])
    change = np.linalg.lstsq(matrix, target, rcond=None)[0]
    least = (lower - nominal) / size
    if (change < least).any():
        change = optimize.lsq_linear(matrix, target, (least, np.inf), method='bvls').x
    result: Vector = np.maximum(nominal + size * change, lower)  # rounding may fall below
    return result


def spread(rows: Reduced, size: Vector, strength: float) -> Vector:
    """Return the standard deviation of every value that :func:`solve` gives, without bounds.

    That of the posterior of Bayesian linear regression, rows divided by the deviation of their
    error.

    Args:
        rows: The rows.
        size: See :func:`solve`.
        strength: See :func:`solve`.

    Returns:
        Shape (n_columns,).
    """
    scaled = rows.matrix * size
    precision = scaled.T @ scaled + strength * np.eye(len(size))
    result: Vector = size * np.sqrt(np.diag(np.linalg.inv(precision)))
    return result
