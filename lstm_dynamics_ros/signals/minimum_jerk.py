# SPDX-License-Identifier: Apache-2.0
"""Smooth steps from 0 to 1 that motions and torque start, stop and switch with."""

from typing import Any, overload

from lstm_dynamics_ros.core.state import Matrix
import numpy as np

PEAK_RATE = 1.875
"""Largest first derivative of the step, at its middle."""

PEAK_CHANGE = 10.0 / np.sqrt(3.0)
"""Largest second derivative of the step, at (1 -+ 1 / sqrt(3)) / 2."""


@overload
def minimum_jerk(phase: float) -> tuple[float, float, float]: ...
@overload
def minimum_jerk(phase: Matrix) -> tuple[Matrix, Matrix, Matrix]: ...
def minimum_jerk(
    phase: float | Matrix,
) -> tuple[float, float, float] | tuple[Matrix, Matrix, Matrix]:
    """Return the step of least jerk from 0 to 1 and its two derivatives.

    Source: T. Flash, N. Hogan, The coordination of arm movements, 1985, eq. 8.

    Args:
        phase: Time over duration, a number or an array; clipped to [0, 1].
    """
    x: Any = min(max(phase, 0.0), 1.0) if isinstance(phase, float) else np.clip(phase, 0.0, 1.0)
    rest = 1.0 - x
    value = x**3 * (10.0 - 15.0 * x + 6.0 * x**2)
    return value, 30.0 * x**2 * rest**2, 60.0 * x * rest * (1.0 - 2.0 * x)


def smoothstep(x: float) -> float:
    """Return a smooth step from 0 at x <= 0 to 1 at x >= 1, flat at both ends."""
    x = min(1.0, max(0.0, x))
    return x * x * (3.0 - 2.0 * x)
