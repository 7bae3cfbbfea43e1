# SPDX-License-Identifier: Apache-2.0
"""Smooth motion from recorded positions, without delay. For training targets only.

A zero-phase filter sees the future, so nothing here may run on a robot.
"""

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.core.lazy import load
from lstm_dynamics_ros.core.state import Flags, Matrix
from lstm_dynamics_ros.signals.time_grid import short_way
import numpy as np

DEFAULT_CUTOFF = 10.0
"""Cut-off of the low-pass [Hz]: above what a joint's motion holds, below what encoders add."""

ORDER = 2
"""Order of the Butterworth filter; run forward and backward it acts as one of twice the order."""

METHOD = 'central difference of a Butterworth low-pass run forward and backward (filtfilt)'
"""The filter in words, for the model card."""


def acceleration(velocity: Matrix, dt: float, cutoff: float = DEFAULT_CUTOFF) -> Matrix:
    """Return the time derivative of a velocity record, with zero phase.

    Args:
        velocity: Velocities on a regular grid [rad/s] or [m/s], shape (n_steps, n_joints).
        dt: Step of the grid [s].
        cutoff: Cut-off of the low-pass [Hz]; at or above the Nyquist frequency nothing is
            filtered.

    Returns:
        Accelerations [rad/s^2] or [m/s^2], shape (n_steps, n_joints).

    Raises:
        ConfigError: If dt or cutoff is not positive.
        TooShortError: If there are too few steps for the filter.
        MissingLibraryError: If scipy is not installed.
    """
    return smoothed_motion(velocity, dt, cutoff, order=1)[1]


def padding() -> int:
    """Return how many rows a record must have more than [steps]."""
    return 3 * (ORDER + 1)


def smoothed_motion(
    position: Matrix,
    dt: float,
    cutoff: float,
    *,
    continuous: Flags = (False,),
    order: int = 2,
) -> tuple[Matrix, ...]:
    """Return a record through a zero-phase low-pass, and its derivatives by central differences.

    Positions keep the noise of an encoder white on the grid, so that little of it is below the
    cut-off. Measured velocities, filtered at a higher rate and then thinned, have it folded down:
    on the embedded arm that makes accelerations ten times as noisy.

    Args:
        position: Record on a regular grid, shape (n_steps, n_joints).
        dt: Step of the grid [s].
        cutoff: Cut-off of the low-pass [Hz]; at or above the Nyquist frequency nothing is
            filtered.
        continuous: Which columns wrap at +-pi; none by default. The result wraps again.
        order: Highest derivative, 0 to 2.

    Returns:
        The record and as many derivatives, each of shape (n_steps, n_joints).

    Raises:
        ConfigError: If dt or cutoff is not positive.
        TooShortError: If there are too few steps for the filter.
        MissingLibraryError: If scipy is not installed.
    """
    if dt <= 0 or cutoff <= 0:
        raise ConfigError(f'dt and cutoff must be > 0, got {dt} s and {cutoff} Hz.')
    if len(position) <= padding():
        raise TooShortError(len(position) * dt, (padding() + 1) * dt)
    turns = np.array(continuous)
    smooth = np.where(turns, np.unwrap(position, axis=0), position)
    if cutoff < 0.5 / dt:
        signal = load('scipy.signal')
        b, a = signal.butter(ORDER, cutoff, fs=1 / dt)
        smooth = signal.filtfilt(b, a, smooth, axis=0, padlen=padding())
    around = short_way(smooth, turns)
    result = [np.asarray(around, np.float64)]
    if order > 0:
        result.append(np.gradient(smooth, dt, axis=0))
    if order > 1:
        second = np.empty_like(smooth)
        second[1:-1] = (smooth[2:] - 2 * smooth[1:-1] + smooth[:-2]) / dt**2
        second[0], second[-1] = second[1], second[-2]
        result.append(second)
    return tuple(result)
