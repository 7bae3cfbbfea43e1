# SPDX-License-Identifier: Apache-2.0
"""Sums of sines of random frequency and phase: all joints move at once, all the time."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.minimum_jerk import minimum_jerk
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.motions.base import MOTIONS, MotionShape, Path, within_limits
import numpy as np

SINES = 6
"""Sines per joint."""

FREQUENCIES = (0.05, 0.8)
"""Range of the frequencies at full speed [Hz]."""

RAMP = 2.0
"""Longest time to start and to end [s]."""


@MOTIONS.register('multi_sine')
class MultiSine(MotionShape):
    """Sums of sines under a smooth envelope."""

    def path(
        self, amplitude: Vector, peak: Vector, n_steps: int, speed: float, rng: np.random.Generator
    ) -> Path:
        """See the base class."""
        n_joints = len(amplitude)
        time: Vector = np.arange(n_steps, dtype=np.float64) * STEP
        position = np.zeros((n_steps, n_joints))
        velocity = np.zeros((n_steps, n_joints))
        acceleration = np.zeros((n_steps, n_joints))
        for _ in range(SINES):
            frequency = rng.uniform(*FREQUENCIES, n_joints)
            weight = rng.uniform(0.3, 1.0, n_joints) / np.sqrt(frequency)
            omega = 2.0 * np.pi * frequency * speed
            angle = np.outer(time, omega) + rng.uniform(0.0, 2.0 * np.pi, n_joints)
            sine, cosine = weight * np.sin(angle), weight * np.cos(angle)
            position += sine
            velocity += omega * cosine
            acceleration -= omega**2 * sine
        share, rate, change = _envelope(time)
        enveloped = Path(
            share * position,
            share * velocity + rate * position,
            share * acceleration + 2.0 * rate * velocity + change * position,
        )
        return within_limits(enveloped, amplitude, peak * speed)


def _envelope(time: Vector) -> tuple[Vector, Vector, Vector]:
    """Return a factor that rises from 0 to 1 and falls back, and its derivatives (n_steps, 1)."""
    ramp = min(RAMP, 0.4 * time[-1])
    up = minimum_jerk(time / ramp)
    down = minimum_jerk((time[-1] - time) / ramp)
    share = up[0] * down[0]
    rate = (up[1] * down[0] - up[0] * down[1]) / ramp
    change = (up[2] * down[0] - 2.0 * up[1] * down[1] + up[0] * down[2]) / ramp**2
    return share[:, None], rate[:, None], change[:, None]
