# SPDX-License-Identifier: Apache-2.0
"""The low-pass behind everything that follows a disturbance."""

import math
from typing import final

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
import numpy as np


@final
class LowPass:
    """Two poles in a row; a decay in their place while it is frozen.

    Args:
        n_joints: Number of joints.
        bandwidth: The pole that follows [rad/s].
        smoothing: Time constant of the other one [s]; 0 is without.
        bleed: How fast the value decays while frozen [1/s]; 0 holds it.

    Raises:
        ConfigError: If a number is negative.
    """

    def __init__(
        self, n_joints: int, *, bandwidth: float, smoothing: float = 0.0, bleed: float = 0.0
    ) -> None:
        if min(bandwidth, smoothing, bleed) < 0.0:
            raise ConfigError(
                'A low-pass needs bandwidth, smoothing and bleed >= 0, '
                f'got {bandwidth}, {smoothing} and {bleed}.'
            )
        self.bandwidth = bandwidth
        """May be changed at any time [rad/s]."""
        self.smoothing = smoothing
        """May be changed at any time [s]."""
        self.bleed = bleed
        """May be changed at any time [1/s]."""
        self._smooth = np.zeros(n_joints)
        self._value = np.zeros(n_joints)

    @property
    def value(self) -> Vector:
        """The newest value, shape (n_joints,). Not to be written to."""
        return self._value

    def reset(self) -> None:
        """Start from zero again."""
        self._smooth = np.zeros_like(self._smooth)
        self._value = np.zeros_like(self._value)

    def update(self, raw: Vector, dt: float, *, frozen: bool = False) -> Vector:
        """Take one value.

        Args:
            raw: What to follow, shape (n_joints,).
            dt: Time since the last one [s].
            frozen: Whether to decay instead.

        Returns:
            The filtered value, shape (n_joints,): a new array with every step.
        """
        if frozen:
            self._smooth = self._value = self._value * math.exp(-self.bleed * dt)
            return self._value
        fresh = -math.expm1(-dt / self.smoothing) if self.smoothing > 0.0 else 1.0
        self._smooth = self._smooth + fresh * (raw - self._smooth)
        share = -math.expm1(-self.bandwidth * dt)
        self._value = self._value + share * (self._smooth - self._value)
        return self._value


def phase_margin(bandwidth: float, smoothing: float, delay: float) -> float:
    """Return the phase margin of a loop that such a low-pass closes around a dead time [rad].

    What is filtered by ``Q = 1 / ((1 + s/g)(1 + s t))`` and comes back ``T`` later with gain one
    is the loop ``Q / (1 - Q) e^(-s T) = g e^(-s T) / (s (1 + g t + s t))``.

    Args:
        bandwidth: g [rad/s].
        smoothing: t [s].
        delay: T [s].
    """
    if bandwidth == 0.0:
        return 0.5 * math.pi
    slope = 1.0 + bandwidth * smoothing
    # |loop| = 1 is the quadratic t^2 x^2 + slope^2 x - g^2 = 0 in the frequency squared
    root = math.sqrt(slope**4 + 4.0 * (smoothing * bandwidth) ** 2)
    crossover = math.sqrt(2.0 * bandwidth**2 / (slope**2 + root))
    return 0.5 * math.pi - math.atan(crossover * smoothing / slope) - crossover * delay
