# SPDX-License-Identifier: Apache-2.0
"""Positions, velocities and accelerations of joints, and the smooth pieces they are made of."""

from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.signals.minimum_jerk import minimum_jerk
import numpy as np


class JointPath(NamedTuple):
    """Positions and two derivatives, of shape (n_joints,) or (n_steps, n_joints)."""

    position: Vector | Matrix
    """Positions [rad] or [m]."""
    velocity: Vector | Matrix
    """Velocities [rad/s] or [m/s]."""
    acceleration: Vector | Matrix
    """Accelerations [rad/s^2] or [m/s^2]."""

    def scaled(self, factor: float | Vector) -> 'JointPath':
        """Return the path with excursion, speed and acceleration times a factor."""
        return JointPath(*(factor * part for part in self))

    def write_move(
        self, first: int, n_steps: int, step: float, start: Vector, goal: Vector
    ) -> None:
        """Write a move of minimum jerk into some rows.

        Args:
            first: First row.
            n_steps: Number of rows; the goal is reached in the row after them.
            step: Time between two rows [s].
            start: Positions at the beginning (n_joints,).
            goal: Positions at the end (n_joints,).
        """
        value, rate, change = minimum_jerk(np.arange(n_steps)[:, None] / n_steps)
        way, seconds = goal - start, n_steps * step
        rows = slice(first, first + n_steps)
        self.position[rows] = start + way * value
        self.velocity[rows] = way * rate / seconds
        self.acceleration[rows] = way * change / seconds**2


def path_at_rest(n_steps: int, n_joints: int) -> JointPath:
    """Return a path that stays at zero, each array of shape (n_steps, n_joints)."""
    return JointPath(*(np.zeros((n_steps, n_joints)) for _ in range(3)))


def swell(path: JointPath, time: Vector, longest: float) -> JointPath:
    """Let a path swell from rest at its beginning and fade to rest at its end.

    Args:
        path: The path, each array of shape (n_steps, n_joints).
        time: Time of each row from the first on [s], shape (n_steps,).
        longest: Longest time to swell and to fade [s]; at most 0.4 of the whole.
    """
    ramp = min(longest, 0.4 * time[-1])
    up = minimum_jerk(time / ramp)
    down = minimum_jerk((time[-1] - time) / ramp)
    share = (up[0] * down[0])[:, None]
    rate = ((up[1] * down[0] - up[0] * down[1]) / ramp)[:, None]
    change = ((up[2] * down[0] - 2.0 * up[1] * down[1] + up[0] * down[2]) / ramp**2)[:, None]
    position, velocity, acceleration = path
    return JointPath(
        share * position,
        share * velocity + rate * position,
        share * acceleration + 2.0 * rate * velocity + change * position,
    )
