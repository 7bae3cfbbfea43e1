# SPDX-License-Identifier: Apache-2.0
"""Least squares over the parameters that bodies can have: every pseudo-inertia positive definite.

A convex problem, solved along the central path of its logarithmic barrier.

Source: P. Wensing, S. Kim, J.-J. Slotine, "Linear matrix inequalities for physically consistent
inertial parameter identification", IEEE RA-L 3(1), 2018 (the constraint); S. Boyd and L.
Vandenberghe, "Convex optimization", 2004, ch. 11 (the method).
"""

from lstm_dynamics_ros.core.errors import MissingLibraryError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.physics.identification.least_squares import Reduced
from lstm_dynamics_ros.physics.identification.pseudo_inertia import pseudo_inertia
from lstm_dynamics_ros.physics.rigid_body import STANDARD_PARAMETERS
import numpy as np

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

    Otherwise as :func:`~lstm_dynamics_ros.physics.identification.least_squares.solve`.

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
    try:
        from scipy import linalg  # noqa: PLC0415
    except ImportError as error:
        raise MissingLibraryError('scipy') from error
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
