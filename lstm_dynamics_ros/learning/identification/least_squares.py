# SPDX-License-Identifier: Apache-2.0
"""Least squares drawn to nominal parameters: within bounds, or of links that bodies can be.

The second keeps every pseudo-inertia positive definite: a convex problem, solved along the central
path of its logarithmic barrier.

Source: P. Wensing, S. Kim, J.-J. Slotine, "Linear matrix inequalities for physically consistent
inertial parameter identification", IEEE RA-L 3(1), 2018 (the constraint); S. Boyd and L.
Vandenberghe, "Convex optimization", 2004, ch. 11 (the method).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.lazy import load
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.physics.parameters import STANDARD_PARAMETERS
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
    optimize = load('scipy.optimize')
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


PATH = 10.0 ** np.arange(3, -4, -1)
"""Weights of the barrier, one after the other; in the end it moves the error by about 1e-3 of the
variance of one row per constraint."""

NEWTON_STEPS = 50
"""Most steps for one weight."""

ACCURACY = 1e-6
"""A step that would lower the cost by less is the last one."""

INTERIOR = 1e-3
"""How far inside the start is, in usual sizes."""


def solve_feasible(
    rows: Reduced,
    nominal: Vector,
    size: Vector,
    lower: Vector,
    strength: float,
    links: int,
) -> Vector:
    """Return the least squares of links that are possible.

    Otherwise as :func:`~lstm_dynamics_ros.learning.identification.least_squares.solve`.

    Args:
        rows: The rows.
        nominal: Where to stay without evidence, shape (n_columns,); the first ten for each link.
        size: What change counts as one, above zero, shape (n_columns,).
        lower: Least allowed values, minus infinity where there are none, shape (n_columns,).
        strength: How strongly it is drawn, above zero.
        links: How many links the first columns belong to.

    Raises:
        MissingLibraryError: If scipy is not installed.
    """
    linalg = load('scipy.linalg')
    problem = _Problem(rows, nominal, size, lower, strength, links)
    change = problem.start()
    for weight in PATH:
        for _ in range(NEWTON_STEPS):
            gradient, hessian = problem.derivatives(change, weight)
            step = linalg.solve(hessian, -gradient, assume_a='pos', check_finite=False)
            gain = -float(gradient @ step)
            if gain < ACCURACY * weight:
                break
            cost, length = problem.cost(change, weight), 1.0
            while problem.cost(change + length * step, weight) > cost - 0.1 * length * gain:
                length *= 0.5
                if length < 1e-8:
                    break
            change = change + length * step
    result: Vector = nominal + size * change
    return result


class _Problem:
    """Cost, gradient and curvature in changes from nominal, counted in usual sizes."""

    def __init__(
        self,
        rows: Reduced,
        nominal: Vector,
        size: Vector,
        lower: Vector,
        strength: float,
        links: int,
    ) -> None:
        matrix = rows.matrix * size
        self._curvature = matrix.T @ matrix + strength * np.eye(len(size))
        self._pull = matrix.T @ (rows.target - rows.matrix @ nominal)
        self._bounded = np.isfinite(lower)
        self._least = ((lower - nominal) / size)[self._bounded]
        ten = len(STANDARD_PARAMETERS)
        self._shape = (links, ten)
        self._body = slice(0, links * ten)
        self._first = pseudo_inertia(nominal[self._body].reshape(self._shape))
        unit = pseudo_inertia(np.eye(ten))
        self._basis = size[self._body].reshape(*self._shape, 1, 1) * unit

    def start(self) -> Vector:
        """Return a change that all constraints allow: nominal, made heavier where it must be."""
        change = np.zeros(len(self._curvature))
        change[self._bounded] = np.maximum(0.0, self._least + INTERIOR)
        body = change[self._body].reshape(self._shape)
        for link, matrices in enumerate(self._basis):
            more = INTERIOR
            while not _positive(self._first[link] + np.tensordot(body[link], matrices, 1)):
                body[link, 0] = max(body[link, 0], more)
                body[link, [4, 6, 9]] = more  # equal inertia about all axes
                more *= 2.0
        return change

    def cost(self, change: Vector, weight: float) -> float:
        """Return the cost with barrier, infinity where a constraint is broken."""
        room = change[self._bounded] - self._least
        if not (room > 0).all():
            return np.inf
        sign, logarithm = np.linalg.slogdet(matrices := self._matrices(change))
        if not ((sign > 0).all() and _positive(matrices)):
            return np.inf
        barrier = float(logarithm.sum()) + float(np.log(room).sum())
        square = 0.5 * float(change @ self._curvature @ change) - float(self._pull @ change)
        return square - weight * barrier

    def derivatives(self, change: Vector, weight: float) -> tuple[Vector, Matrix]:
        """Return gradient and Hessian."""
        gradient = self._curvature @ change - self._pull
        hessian = self._curvature.copy()
        room = change[self._bounded] - self._least
        gradient[self._bounded] -= weight / room
        where = np.flatnonzero(self._bounded)
        hessian[where, where] += weight / room**2
        inverse = np.linalg.inv(self._matrices(change))
        turned = inverse[:, None] @ self._basis  # (links, 10, 4, 4)
        slope = np.trace(turned, axis1=2, axis2=3)
        gradient[self._body] -= weight * slope.ravel()
        bend = np.einsum('lkij,lmji->lkm', turned, turned)
        for link, block in enumerate(bend):
            part = slice(link * block.shape[0], (link + 1) * block.shape[0])
            hessian[part, part] += weight * block
        return gradient, hessian

    def _matrices(self, change: Vector) -> Matrix:
        """Return the pseudo-inertia of every link, shape (links, 4, 4)."""
        body = change[self._body].reshape(*self._shape, 1, 1)
        result: Matrix = self._first + (body * self._basis).sum(axis=1)
        return result


def _positive(matrices: Matrix) -> bool:
    """Return whether matrices are positive definite."""
    try:
        np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        return False
    return True
