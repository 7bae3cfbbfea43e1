# SPDX-License-Identifier: Apache-2.0
"""A second-order low-pass, one sample at a time."""

import math
from typing import final

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
import numpy as np


@final
class Butterworth:
    """A Butterworth low-pass of second order, from the bilinear transform.

    Source: A. V. Oppenheim, R. W. Schafer, Discrete-Time Signal Processing, 3rd ed., 2010,
    section 7.2.2.

    Args:
        cutoff: Cut-off frequency [Hz], below half the sampling rate.
        period: Time between two samples [s].
        n: Number of values per sample.

    Raises:
        ConfigError: If the cut-off is out of range.
    """

    def __init__(self, cutoff: float, period: float, n: int) -> None:
        if not 0.0 < cutoff * period < 0.5:
            raise ConfigError(
                f'A low-pass needs a cut-off above 0 and below {0.5 / period:g} Hz, got {cutoff}.'
            )
        warped = math.tan(math.pi * cutoff * period)
        scale = 1.0 / (1.0 + math.sqrt(2.0) * warped + warped**2)
        self._gain = warped**2 * scale
        self._first = 2.0 * (warped**2 - 1.0) * scale
        self._second = (1.0 - math.sqrt(2.0) * warped + warped**2) * scale
        self.delay = math.sqrt(2.0) / (2.0 * math.pi * cutoff)
        """How much slow signals are delayed [s]."""
        self._state = np.zeros((2, n))

    def step(self, value: Vector) -> Vector:
        """Return the filtered value (n,); a new array."""
        state = self._state
        out: Vector = self._gain * value + state[0]
        state[0] = 2.0 * self._gain * value - self._first * out + state[1]
        state[1] = self._gain * value - self._second * out
        return out

    def reset(self) -> None:
        """Start from zero again."""
        self._state[:] = 0.0
