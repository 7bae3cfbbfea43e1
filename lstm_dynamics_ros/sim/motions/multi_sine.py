# SPDX-License-Identifier: Apache-2.0
"""Sums of sines of random frequency and phase: all joints move at once, all the time."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.joint_path import JointPath, swell
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.motions.base import MOTIONS, MotionShape, within_limits
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
    ) -> JointPath:
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
        enveloped = swell(JointPath(position, velocity, acceleration), time, RAMP)
        return within_limits(enveloped, amplitude, peak * speed)
