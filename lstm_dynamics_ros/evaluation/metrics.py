# SPDX-License-Identifier: Apache-2.0
"""Errors per joint, and what is fast in a signal. A NaN is refused, never skipped."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.time_grid import continuous_joints, short_way
import numpy as np
from numpy.typing import NDArray
from scipy import signal

Array = NDArray[np.float64]
"""Float64 of any shape; the last axis is the joint."""

STILL_VARIANCE = 1e-12
"""Variance below which a target counts as constant and nMSE has no meaning [unit^2]."""

DIVERGED = 10.0
"""nMSE above which a forecast has diverged; that of a constant is about 1."""

ROUGH_ABOVE = 5.0
"""Torque and effort that change faster than this count as rough [Hz]."""

ORDER = 4
"""Order of the Butterworth high-pass, run forwards and backwards."""


class MetricError(DataError):
    """Arrays that cannot be scored."""


def mse(target: Array, prediction: Array) -> Vector:
    """Return the mean squared error of each joint, shape (n_joints,).

    Args:
        target: What happened, shape (..., n_joints).
        prediction: What was predicted, same shape.

    Raises:
        MetricError: If the shapes differ, there is no row, or a value is not finite.
    """
    _check(target, prediction)
    squares: Vector = np.mean(_rows(prediction - target) ** 2, axis=0)
    return squares


def rmse(target: Array, prediction: Array) -> Vector:
    """Return the root mean squared error of each joint, shape (n_joints,), unit of the target.

    Raises:
        MetricError: As :func:`mse`.
    """
    root: Vector = np.sqrt(mse(target, prediction))
    return root


def nmse(target: Array, prediction: Array) -> Vector:
    """Return mean squared error over variance of the target of each joint, shape (n_joints,).

    Raises:
        MetricError: As :func:`mse`, and if a joint's target is constant.
    """
    error = mse(target, prediction)
    variance = _rows(target).var(axis=0)
    if np.any(variance < STILL_VARIANCE):
        still = np.flatnonzero(variance < STILL_VARIANCE).tolist()
        raise MetricError(
            f'nMSE divides by the variance of the target, but columns {still} do not move.'
        )
    ratio: Vector = error / variance
    return ratio


def relative_error(target: Array, prediction: Array) -> Vector:
    """Return the norm of the error over the norm of the target of each joint, shape (n_joints,).

    Raises:
        MetricError: As :func:`mse`, and if a joint's target is zero throughout.
    """
    error = mse(target, prediction)
    power = np.mean(_rows(target) ** 2, axis=0)
    if np.any(power <= 0):
        zero = np.flatnonzero(power <= 0).tolist()
        raise MetricError(
            f'The relative error divides by the target, but columns {zero} are all zero.'
        )
    ratio: Vector = np.sqrt(error / power)
    return ratio


def short_error(kind: str, error: Array, joint_types: Sequence[str]) -> Array:
    """Return an error of predictions, of positions of continuous joints the short way round.

    Args:
        kind: What was predicted: position, velocity or effort.
        error: Predicted less measured, shape (..., n_joints).
        joint_types: Type of each joint.
    """
    if kind != 'position':
        return error
    return short_way(error, continuous_joints(joint_types))


def high_passed(values: Array, cutoff: float, rate: float) -> Array:
    """Return what changes fast in each column, shape (n, n_columns).

    Args:
        values: Rows in time, shape (n, n_columns).
        cutoff: Cut-off of the high-pass [Hz].
        rate: Rows per second [Hz].
    """
    sections = signal.butter(ORDER, cutoff, 'highpass', fs=rate, output='sos')
    fast: Array = signal.sosfiltfilt(sections, values, axis=0)
    return fast


def _rows(values: Array) -> Array:
    return values.reshape(-1, values.shape[-1])


def _check(target: Array, prediction: Array) -> None:
    if target.shape != prediction.shape:
        raise MetricError(
            f'Target and prediction must have one shape, got {target.shape}, {prediction.shape}.'
        )
    if target.ndim < 1 or target.size == 0:
        raise MetricError(f'There must be something to score, got shape {target.shape}.')
    for what, values in (('target', target), ('prediction', prediction)):
        bad = int(np.size(values) - np.count_nonzero(np.isfinite(values)))
        if bad:
            raise MetricError(f'The {what} must be finite, got {bad} values that are not.')
