# SPDX-License-Identifier: Apache-2.0
"""A wall in the way of the tool: a plane that pushes back and never holds on."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.sim.mjcf import STEP
import numpy as np
from numpy.typing import NDArray

CANDIDATES = 40
"""Moments of fast motion whose direction is tried for the wall."""


@dataclass(frozen=True, kw_only=True)
class Wall:
    """A plane with a one-sided spring behind it, felt by the origin of the tool."""

    normal: Vector
    """Direction into the wall, of length 1 (3,)."""
    offset: float
    """Where the plane is along the normal, from the origin of the world [m]."""
    stiffness: float
    """Force per depth [N/m]."""

    def depth(self, points: Vector | Matrix) -> Vector:
        """Return how deep points are in the wall [m], negative outside.

        Args:
            points: Positions in the world [m] (3,) or (n, 3).
        """
        depth: Vector = points @ self.normal - self.offset
        return depth


def place_wall(
    path: Matrix,
    *,
    depth: float = 0.02,
    stiffness: float = 2000.0,
    duration: float = 1.0,
    not_before: float = 2.5,
    not_after: float = 8.0,
) -> Wall:
    """Return a wall that a path of the tool runs into once, about as long as wanted.

    The wall is square to the motion at one of the fastest moments of the path; of these the one is
    taken whose only contact lasts most nearly as long as wanted and is deepest by ``depth``.

    Args:
        path: Positions of the tool at 1 kHz [m] (n_steps, 3).
        depth: How far the path goes into the wall [m].
        stiffness: Force per depth [N/m].
        duration: How long the path shall be in the wall [s].
        not_before: Earliest contact [s].
        not_after: Latest contact [s].

    Raises:
        ConfigError: If the path has no place for such a wall.
    """
    velocity = np.gradient(path, STEP, axis=0)
    speed = np.linalg.norm(velocity, axis=1)
    best: Wall | None = None
    best_score = np.inf
    for row in _fast_moments(speed):
        for sign in (1.0, -1.0):
            normal = sign * velocity[row] / speed[row]
            along = path @ normal
            wall = Wall(normal=normal, offset=float(along.max()) - depth, stiffness=stiffness)
            inside = along > wall.offset
            times = np.flatnonzero(inside) * STEP
            if times[0] < not_before or times[-1] > not_after:
                continue
            contacts = _stretches(inside)
            score = abs(len(times) * STEP - duration) + duration * (contacts - 1)
            if score < best_score:
                best, best_score = wall, score
    if best is None:
        raise ConfigError(
            f'The path touches no wall between {not_before} s and {not_after} s only. Use another '
            'seed or a longer motion.'
        )
    return best


def _fast_moments(speed: Vector) -> list[int]:
    """Return the rows of the local maxima of the speed, fastest first."""
    inner = speed[1:-1]
    peaks = np.flatnonzero((inner >= speed[:-2]) & (inner > speed[2:])) + 1
    return [int(row) for row in peaks[np.argsort(-speed[peaks])][:CANDIDATES]]


def _stretches(inside: NDArray[np.bool_]) -> int:
    """Return how many separate stretches of rows are true."""
    return int(inside[0]) + int(np.count_nonzero(inside[1:] & ~inside[:-1]))
