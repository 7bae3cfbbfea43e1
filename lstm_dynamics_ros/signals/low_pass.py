# SPDX-License-Identifier: Apache-2.0
"""Two first-order low-passes in a row, one step at a time."""

from functools import lru_cache
import math
from typing import final

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
import numpy as np


@final
class LowPass:
    """Two first-order low-passes in a row that start at zero; a decay while it is frozen.

    Args:
        n_joints: Number of joints.
        bandwidth: Pole of the second one [rad/s].
        smoothing: Time constant of the first one [s]; 0 is without, None the same pole as the
            second.
        bleed: How fast the value decays while frozen [1/s]; 0 holds it.

    Raises:
        ConfigError: If a number is negative.
    """

    def __init__(
        self,
        n_joints: int,
        *,
        bandwidth: float,
        smoothing: float | None = 0.0,
        bleed: float = 0.0,
    ) -> None:
        if not min(bandwidth, smoothing or 0.0, bleed) >= 0.0:
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
        share = -math.expm1(-self.bandwidth * dt)
        if self.smoothing is None:
            fresh = share
        else:
            fresh = -math.expm1(-dt / self.smoothing) if self.smoothing > 0.0 else 1.0
        self._smooth = self._smooth + fresh * (raw - self._smooth)
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


@lru_cache(maxsize=16)
def noise_left_of_acceleration(bandwidth: float, period: float) -> float:
    """Return noise that such a low-pass of two equal poles lets through over noise it takes away.

    White noise of an encoder that is differentiated twice has nearly all of its power at high
    frequencies. The share turns what is plainly noise there into what is left of it.

    Args:
        bandwidth: Both poles [rad/s].
        period: Time between two steps [s].
    """
    share = -math.expm1(-bandwidth * period)
    length = math.ceil(20.0 / share)
    response = np.zeros(length + 3)
    response[:3] = 1.0, -2.0, 1.0
    passed = np.zeros_like(response)
    first = second = 0.0
    for k, value in enumerate(response):
        first += share * (value - first)
        second += share * (first - second)
        passed[k] = second
    taken = response - passed
    return math.sqrt(float(passed @ passed) / float(taken @ taken))
