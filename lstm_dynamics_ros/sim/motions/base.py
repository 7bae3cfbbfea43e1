# SPDX-License-Identifier: Apache-2.0
"""Reference motions that start and end at rest at home and keep within the robot's limits."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.registry import Registry
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

SHARE_OF_VELOCITY_LIMIT = 0.7
"""Largest speed of a generated motion, as a share of the joint's limit."""

SHORTEST = 4.0
"""Shortest motion [s]: it needs time to start and to end smoothly."""


@dataclass(frozen=True, kw_only=True)
class Motion:
    """A reference at 1 kHz. Every array has shape (n_steps, n_joints)."""

    kind: str
    """Its name in the registry."""
    seed: int
    """What made it random."""
    speed: float
    """How fast it is, 1 being the fastest."""
    position: Matrix
    """Positions [rad]."""
    velocity: Matrix
    """Velocities [rad/s]."""
    acceleration: Matrix
    """Accelerations [rad/s^2]."""

    def __len__(self) -> int:
        return len(self.position)

    @property
    def duration(self) -> float:
        """How long it takes [s]."""
        return len(self) * STEP


class MotionShape(ABC):
    """One kind of motion."""

    @abstractmethod
    def path(
        self, amplitude: Vector, peak: Vector, n_steps: int, speed: float, rng: np.random.Generator
    ) -> JointPath:
        """Make a path that starts and ends at zero, at rest.

        Args:
            amplitude: Largest allowed excursion [rad] (n_joints,).
            peak: Largest allowed speed [rad/s] (n_joints,).
            n_steps: Number of steps of 1 ms.
            speed: How fast it shall be, in (0, 1].
            rng: Source of randomness.
        """


MOTIONS: Registry[MotionShape] = Registry('motion')


def make_motion(
    robot: RobotDescription,
    kind: str,
    *,
    seed: int,
    duration: float,
    speed: float = 1.0,
    velocity_share: float = SHARE_OF_VELOCITY_LIMIT,
) -> Motion:
    """Return a random motion of a robot.

    Args:
        robot: What shall move.
        kind: A name in ``MOTIONS``.
        seed: The same seed gives the same motion.
        duration: How long it takes [s].
        speed: How fast it is, in (0, 1]; at 1 joints may reach ``velocity_share``.
        velocity_share: Share of the velocity limits that joints may reach, in (0, 1].

    Raises:
        UnknownNameError: If there is no such kind.
        ConfigError: If the duration or the speed is out of range.
    """
    if not 0.0 < speed <= 1.0:
        raise ConfigError(f'The speed of a motion must be in (0, 1], got {speed}.')
    if not 0.0 < velocity_share <= 1.0:
        raise ConfigError(
            f'A motion may reach a share in (0, 1] of the velocity limits, got {velocity_share}.'
        )
    if duration < SHORTEST:
        raise ConfigError(f'A motion must take at least {SHORTEST} s, got {duration} s.')
    rng = np.random.default_rng(seed)
    peak = velocity_share * robot.velocity_limit
    n_steps = round(duration / STEP)
    path = MOTIONS[kind]().path(robot.amplitude, peak, n_steps, speed, rng)
    return Motion(
        kind=kind,
        seed=seed,
        speed=speed,
        position=robot.home + path.position,
        velocity=path.velocity,
        acceleration=path.acceleration,
    )


def within_limits(path: JointPath, amplitude: Vector, peak: Vector) -> JointPath:
    """Shrink the path of each joint until its excursion and speed are allowed."""
    tiny = np.finfo(float).tiny
    scale = np.minimum(
        amplitude / np.maximum(np.abs(path.position).max(axis=0), tiny),
        peak / np.maximum(np.abs(path.velocity).max(axis=0), tiny),
    )
    return path.scaled(scale)
