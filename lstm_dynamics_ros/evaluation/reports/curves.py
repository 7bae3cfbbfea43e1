# SPDX-License-Identifier: Apache-2.0
"""Long signals made fit to be drawn: which stretch to show, and how to thin the rest."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.evaluation.reports.replay_result import ReplayResult
import numpy as np

MOST_POINTS = 3000
"""Points per curve beyond which only the envelope is drawn."""


WINDOW_SECONDS = 2.0
"""Length of the zoomed time window [s]."""


def busiest_window(result: ReplayResult) -> slice:
    """Return the rows of the window in which the joints move most while the model is warm."""
    n = len(result.stamp_ns)
    length = min(n, max(10, round(WINDOW_SECONDS / result.card.dt)))
    position = np.nan_to_num(result.position)
    spread = position.std(axis=0)
    path = np.abs(np.diff(position, axis=0, prepend=position[:1])) / np.maximum(spread, 1e-9)
    moved = np.concatenate([[0.0], np.cumsum(path.mean(axis=1) * result.warm)])
    first = int(np.argmax(moved[length:] - moved[:-length])) if n > length else 0
    return slice(first, first + length)


def running_rms(error: Vector, steps: int) -> Vector:
    """Return the root mean square of the last ``steps`` values, NaN where one of them is."""
    bad = np.isnan(error)
    squares = np.concatenate([[0.0], np.cumsum(np.where(bad, 0.0, error**2))])
    gaps = np.concatenate([[0], np.cumsum(bad)])
    mean = np.full(len(error), np.nan)
    if len(error) >= steps:
        mean[steps - 1 :] = (squares[steps:] - squares[:-steps]) / steps
        mean[steps - 1 :][gaps[steps:] != gaps[:-steps]] = np.nan
    rms: Vector = np.sqrt(np.maximum(mean, 0.0))
    return rms


def envelope(time: Vector, values: Vector) -> tuple[Vector, Vector]:
    """Return the curve, or for long ones the smallest and largest value of each stretch."""
    n = len(values)
    if n <= MOST_POINTS:
        return time, values
    per = -(-n // (MOST_POINTS // 2))
    padded = np.concatenate([values, np.full(-n % per, np.nan)]).reshape(-1, per)
    gone = np.isnan(padded).all(axis=1)
    low = np.where(gone, np.nan, np.where(np.isnan(padded), np.inf, padded).min(axis=1))
    high = np.where(gone, np.nan, np.where(np.isnan(padded), -np.inf, padded).max(axis=1))
    return np.repeat(time[::per], 2), np.column_stack([low, high]).ravel()
