# SPDX-License-Identifier: Apache-2.0
"""A low-pass for what is watched, against the noise of its sensors."""

import math

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
import numpy as np


class LowPass:
    """Two equal first-order low-passes in a row, which start at zero.

    Args:
        n: Number of values.
        bandwidth: Pole of each [rad/s]; may be set between steps.
        period: Time between two steps [s].

    Raises:
        ConfigError: If bandwidth or period are not positive.
    """

    def __init__(self, n: int, bandwidth: float, period: float) -> None:
        if not period > 0:
            raise ConfigError(f'The period must be > 0 s, got {period}.')
        self._n = n
        self._period = period
        self.bandwidth = bandwidth
        self.reset()

    @property
    def noise_share(self) -> float:
        """Noise that is left, over the noise that is taken away, of an acceleration.

        White noise of an encoder is differentiated twice, and so has nearly all of its power at
        high frequencies. The share turns what is plainly noise there into what is left of it.
        """
        return self._noise_share

    @property
    def bandwidth(self) -> float:
        """Pole of each low-pass [rad/s].

        Raises:
            ConfigError: On setting, if it is not positive.
        """
        return self._bandwidth

    @bandwidth.setter
    def bandwidth(self, value: float) -> None:
        if not value > 0:
            raise ConfigError(f'The bandwidth must be > 0 rad/s, got {value}.')
        self._bandwidth = value
        self._share = -math.expm1(-value * self._period)
        self._noise_share = _noise_share(self._share)

    def reset(self) -> None:
        """Start at zero."""
        self._first: Vector = np.zeros(self._n)
        self._second: Vector = np.zeros(self._n)

    def step(self, value: Vector) -> Vector:
        """Take in the next value and return the smooth one, shape (n,); a new array."""
        self._first = self._first + self._share * (value - self._first)
        self._second = self._second + self._share * (self._first - self._second)
        return self._second


def _noise_share(share: float) -> float:
    """Return the noise share of a low-pass that takes over a share of the difference per step."""
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
