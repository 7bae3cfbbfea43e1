# SPDX-License-Identifier: Apache-2.0
"""Joint encoders: counts, noise, and a velocity made from them."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.mjcf import STEP
import numpy as np

NOISE_BLOCK = 1000
"""Noise is drawn for this many steps at once."""


class Encoders:
    """Measures positions in whole counts, and filters their differences into velocities."""

    def __init__(self, n_joints: int, hidden: HiddenPhysics, rng: np.random.Generator) -> None:
        self.resolution = 2.0 * np.pi / 2**hidden.encoder_bits  # [rad]
        self._counts_per_radian = 1.0 / self.resolution
        self._noise_level = hidden.encoder_noise
        self._rng = rng
        self._noise = np.empty((NOISE_BLOCK, n_joints))
        self._next_noise = NOISE_BLOCK
        share = 1.0 - np.exp(-2.0 * np.pi * hidden.velocity_cutoff * STEP)
        self._share = share  # of the newest difference in the filtered velocity
        self._share_per_step = share / STEP
        self._started = False
        self._scratch = np.empty(n_joints)
        self.position = np.zeros(n_joints)
        """Newest measured positions [rad] (n_joints,), overwritten in place."""
        self.velocity = np.zeros(n_joints)
        """Newest measured velocities [rad/s] (n_joints,), overwritten in place."""

    def measure(self, position: Vector) -> None:
        """Take one sample per physics step of the true positions [rad] (n_joints,)."""
        if self._next_noise == NOISE_BLOCK:
            self._rng.standard_normal(out=self._noise)
            self._noise *= self._noise_level
            self._next_noise = 0
        difference = self._scratch
        np.negative(self.position, out=difference)
        np.multiply(position, self._counts_per_radian, out=self.position)
        self.position += self._noise[self._next_noise]
        np.rint(self.position, out=self.position)
        self.position *= self.resolution
        self._next_noise += 1
        if not self._started:
            self._started = True
            return
        difference += self.position
        difference *= self._share_per_step
        self.velocity *= 1.0 - self._share
        self.velocity += difference
