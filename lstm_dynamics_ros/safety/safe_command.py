# SPDX-License-Identifier: Apache-2.0
"""What is sent once torque is no longer allowed: a way to zero, then nothing."""

import math

from lstm_dynamics_ros.core.state import Vector
import numpy as np

SAFE_COMMANDS = ('ramp', 'zero', 'hold')
"""ramp: to zero over ``fade_out``; zero: at once; hold: the last one at most 20 ms, then zero."""

LONGEST_HOLD = 0.02
"""Longest time the last command is held [s]."""


def smoothstep(x: float) -> float:
    """Return a smooth step from 0 at x <= 0 to 1 at x >= 1, flat at both ends."""
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)


class SafeCommand:
    """The commands between the last one that was allowed and silence.

    Args:
        kind: One of :data:`SAFE_COMMANDS`.
        last: The last command that was sent [N m] or [N], shape (n_joints,).
        fade_out: Length of the ramp [s].
        period: Time between two commands [s].
    """

    def __init__(self, kind: str, last: Vector, fade_out: float, period: float) -> None:
        self._last = last.copy()
        if kind == 'ramp':
            steps = max(1, math.ceil(fade_out / period - 1e-9))
            self._shares = [smoothstep(1.0 - k / steps) for k in range(1, steps + 1)]
        elif kind == 'hold':
            self._shares = [1.0] * math.floor(LONGEST_HOLD / period + 1e-9) + [0.0]
        else:
            self._shares = [0.0]
        self._sent = 0

    @property
    def complete(self) -> bool:
        """Whether the newest command was the last one, which is zero."""
        return self._sent == len(self._shares)

    def step(self) -> Vector:
        """Return the next command [N m] or [N], shape (n_joints,). Zero once complete."""
        if self.complete:
            return np.zeros_like(self._last)
        share = self._shares[self._sent]
        self._sent += 1
        return self._last * share
