# SPDX-License-Identifier: Apache-2.0
"""The parts an excitation is made of, relative to home, with exact derivatives.

Every part starts and ends at zero, at rest, with zero acceleration, so parts can follow on each
other in any order.
"""

from collections.abc import Callable, Sequence
from itertools import cycle
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.joint_path import JointPath, path_at_rest, swell
from lstm_dynamics_ros.signals.minimum_jerk import PEAK_CHANGE, PEAK_RATE
import numpy as np

STEP = 0.001
"""Time between two rows [s]."""

RAMP = 2.0
"""Longest time in which a multi-sine swells and fades [s]."""

SHORTEST_MOVE = 0.4
"""Shortest move [s]."""

HALVINGS = 6
"""How often a goal is brought nearer when there is no time to get there and back."""

REVERSALS = 8
"""Reversals a slow part has time for."""


class Room(NamedTuple):
    """Where joints may go from home, and how fast. Vectors have shape (n_joints,)."""

    low: Vector
    """Farthest below home, <= 0 [rad] or [m]."""
    high: Vector
    """Farthest above home, >= 0 [rad] or [m]."""
    velocity: Vector
    """[rad/s] or [m/s]."""
    acceleration: Vector
    """[rad/s^2] or [m/s^2]."""


def multi_sine(
    room: Room, n_steps: int, frequency: float, harmonics: int, rng: np.random.Generator
) -> JointPath:
    """Return finite Fourier series of random coefficients under a smooth envelope.

    ``s(t) = sum_k (a_k sin(k w t) - b_k cos(k w t)) / (k w)``, all joints of one base frequency,
    so that the excitation repeats after ``1 / frequency`` and holds known frequencies only.

    Source: J. Swevers, C. Ganseman, D. Tuekel, J. de Schutter, H. Van Brussel, Optimal robot
    excitation and identification, IEEE T-RA 13(5), 1997, eq. 9. The envelope is ours: their
    trajectories are periodic and need a way in.

    Args:
        room: What the joints are allowed.
        n_steps: Number of rows.
        frequency: Base frequency [Hz].
        harmonics: Number of sines.
        rng: Source of the coefficients.
    """
    n_joints = len(room.low)
    time = np.arange(n_steps, dtype=np.float64) * STEP
    shape = path_at_rest(n_steps, n_joints)
    for k in range(1, harmonics + 1):
        omega = 2.0 * np.pi * frequency * k
        a, b = rng.normal(size=(2, n_joints))
        sine, cosine = np.sin(omega * time)[:, None], np.cos(omega * time)[:, None]
        shape.position[:] += (a * sine - b * cosine) / omega
        shape.velocity[:] += a * cosine + b * sine
        shape.acceleration[:] += omega * (b * cosine - a * sine)
    tiny = np.finfo(float).tiny
    half = 0.5 * (room.high - room.low) / np.maximum(np.abs(shape.position).max(axis=0), tiny)
    position = 0.5 * (room.high + room.low) + half * shape.position
    velocity, acceleration = half * shape.velocity, half * shape.acceleration
    swelling = swell(JointPath(position, velocity, acceleration), time, RAMP)
    return swelling.scaled(
        np.minimum(
            1.0,
            np.minimum(
                room.velocity / np.maximum(np.abs(swelling.velocity).max(axis=0), tiny),
                room.acceleration / np.maximum(np.abs(swelling.acceleration).max(axis=0), tiny),
            ),
        )
    )


def point_to_point(room: Room, n_steps: int, rng: np.random.Generator) -> JointPath:
    """Return quintic moves between random postures with dwells, as robots at work do."""

    def goal(here: Vector) -> tuple[Vector, float]:
        del here
        return rng.uniform(room.low, room.high), rng.uniform(0.1, 0.8)

    return _moves(room, n_steps, goal)


def slow_reversals(room: Room, n_steps: int, slow: float, rng: np.random.Generator) -> JointPath:
    """Return slow ways back and forth, ever shorter: what shows friction and hysteresis.

    Args:
        room: What the joints are allowed.
        n_steps: Number of rows.
        slow: Largest speed as a share of what is allowed.
        rng: Which joint goes which way first.
    """
    slowly = room._replace(velocity=slow * room.velocity)
    reach = slowly.velocity * n_steps * STEP / REVERSALS / PEAK_RATE
    signs = rng.choice((-1.0, 1.0), len(room.low))
    shares = cycle((1.0, -1.0, 0.7, -0.7, 0.4, -0.4, 0.2, -0.2))

    def goal(here: Vector) -> tuple[Vector, float]:
        way = signs * next(shares)
        wanted = np.where(way > 0, way * room.high, -way * room.low)
        return np.clip(wanted, here - reach, here + reach), 0.0

    return _moves(slowly, n_steps, goal)


def joined(paths: Sequence[JointPath]) -> JointPath:
    """Return paths that follow on each other as one."""
    return JointPath(*(np.concatenate(parts) for parts in zip(*paths, strict=True)))


def _moves(
    room: Room, n_steps: int, goal_from: Callable[[Vector], tuple[Vector, float]]
) -> JointPath:
    """Return quintic moves from goal to goal, home again in time.

    Args:
        room: What the joints are allowed.
        n_steps: Number of rows.
        goal_from: Returns the next goal and the rest there [s], given where the joints are.
    """
    n_joints = len(room.low)
    path = path_at_rest(n_steps, n_joints)
    here, start = np.zeros(n_joints), 0
    while True:
        goal, dwell = goal_from(here)
        for _ in range(HALVINGS):
            steps, stay = _steps(goal - here, room), round(dwell / STEP)
            if start + steps + stay + _steps(goal, room) < n_steps:
                break
            goal, dwell = 0.5 * goal, 0.5 * dwell
        else:
            break
        path.write_move(start, steps, STEP, here, goal)
        start += steps + stay
        path.position[start - stay : start] = goal
        here = goal
    steps = _steps(here, room)
    if start + steps < n_steps:
        path.write_move(start, steps, STEP, here, np.zeros(n_joints))
    return path


def _steps(way: Vector, room: Room) -> int:
    """Return how many rows a move takes so that no joint is too fast or too abrupt."""
    far = np.abs(way)
    by_speed = float((PEAK_RATE * far / room.velocity).max())
    by_acceleration = float(np.sqrt(PEAK_CHANGE * far / room.acceleration).max())
    return int(np.ceil(max(SHORTEST_MOVE, by_speed, by_acceleration) / STEP))
