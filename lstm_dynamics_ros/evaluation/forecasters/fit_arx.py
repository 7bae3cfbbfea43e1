# SPDX-License-Identifier: Apache-2.0
"""Fits the ARX baseline: normal equations added up over segments, strength from held-out ones.

The window is rewritten as its newest row and the changes between its rows. That spans the same
functions, but keeps the normal equations of smooth motion well conditioned, where twenty almost
equal positions would not.
"""

from collections.abc import Iterator, Sequence

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import split
from lstm_dynamics_ros.evaluation.forecasters.base import KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.normal_equations import normal_of, scaling_of, solve
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import (
    ArxWeights,
    channels,
    KINDS,
    RidgeArx,
)
from lstm_dynamics_ros.evaluation.metrics import STILL_VARIANCE
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np

STRENGTHS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Ridge penalties that are tried, relative to the number of rows."""

CHOOSING_HORIZONS = (1, 10, 50)
"""Horizons whose errors choose the strength [steps]."""

CHOOSING_STARTS = 400
"""Forecasts per held-out segment that choose the strength, at most."""

TIE = 0.02
"""Scores (mean log nMSE) this close are equal; the strongest penalty of them is taken, because it
is the stablest beyond the horizons that choose."""

RANGE_MARGIN = 3.0
"""How far a free run may leave the training range, in widest ranges of its kind."""

CONTINUOUS_MARGIN = 1e4
"""How far a continuous joint may turn beyond that [rad]."""

CHUNK_ROWS = 4096
"""Rows expanded at once; bounds the memory."""

Bounds = tuple[Vector, Vector]
"""Smallest and largest value of each channel, shape (3 * n_joints,) each."""


def fit_arx(
    segments: Sequence[Segment],
    *,
    order: int = 20,
    strengths: Sequence[float] = STRENGTHS,
    validation_fraction: float = 0.2,
    seed: int = 0,
    progress: Progress = no_progress,
) -> RidgeArx:
    """Fit an ARX to segments; the strength is the best in free run on held-out trajectories.

    Args:
        segments: Training data, the same the model was trained on.
        order: Rows of past in the window.
        strengths: Penalties to try.
        validation_fraction: Share of the trajectories that chooses the strength. They join the
            fit afterwards.
        seed: Of the draw of the held-out trajectories.
        progress: Called with (done, total, what).

    Raises:
        DataError: If no window of finite rows is there.
    """
    fitted, held_out = split(
        segments,
        validation_fraction=validation_fraction,
        washout_steps=order,
        window_steps=order + 2 * max(CHOOSING_HORIZONS),
        seed=seed,
    )
    scaling = scaling_of(lambda: _chunks(fitted, order))
    if scaling is None:
        raise DataError(
            f'The ridge needs {order + 1} rows in a row with position, velocity and effort; '
            f'none of the {len(fitted)} segments has them.'
        )
    total = 2 + len(strengths)
    inner = normal_of(lambda: _chunks(fitted, order), scaling)
    progress(1, total, 'ridge: fit')
    outer = normal_of(lambda: _chunks(held_out, order), scaling)
    bounds = _bounds(segments)
    scores: dict[float, float] = {}
    for done, strength in enumerate(sorted(strengths)):
        solution = solve(inner, scaling, strength)
        if solution is not None:
            ridge = _ridge(solution, strength, segments[0], order, bounds)
            scores[strength] = _free_run_score(ridge, held_out)
        progress(done + 2, total, f'ridge: strength {strength:g}')
    best = sorted(strengths)[len(strengths) // 2]
    if scores := {s: score for s, score in scores.items() if np.isfinite(score)}:
        best = max(s for s, score in scores.items() if score <= min(scores.values()) + TIE)
    final = solve(inner + outer, scaling, best)
    if final is None:
        raise DataError('The ARX has no solution for any ridge strength on these recordings.')
    progress(total, total, 'ridge: done')
    return _ridge(final, best, segments[0], order, bounds)


def _features(window: Matrix) -> Matrix:
    """Return newest row and changes, (n, order * c), of windows (n, order, c), oldest first."""
    changes = np.diff(window, axis=1)
    return np.concatenate([window[:, -1:], changes], axis=1).reshape(len(window), -1)


def _to_window(weights: Matrix, order: int) -> Matrix:
    """Return weights on the window, oldest row first, from weights on :func:`_features`."""
    newest, *changes = np.split(weights, order)
    rows = np.zeros((order, *newest.shape))
    rows[-1] += newest
    for k, change in enumerate(changes):
        rows[k + 1] += change
        rows[k] -= change
    return rows.reshape(weights.shape)


def _chunks(segments: Sequence[Segment], order: int) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield features and the change to the next row, all finite, at most CHUNK_ROWS at once."""
    for segment in segments:
        rows = channels(segment)
        if len(rows) <= order:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(rows, order, axis=0)[:-1]
        for first in range(0, len(windows), CHUNK_ROWS):
            window = windows[first : first + CHUNK_ROWS].transpose(0, 2, 1)
            after = rows[first + order : first + order + len(window)]
            x, y = _features(window), after - window[:, -1]
            finite = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
            if finite.any():
                yield x[finite], y[finite]


def _ridge(
    solution: tuple[Matrix, Vector], strength: float, like: Segment, order: int, bounds: Bounds
) -> RidgeArx:
    """Return the forecaster of one solution."""
    weights, offset = solution
    return RidgeArx(
        ArxWeights(
            joint_names=like.joint_names,
            dt=like.dt,
            order=order,
            matrix=_to_window(weights, order),
            offset=offset,
            lower=bounds[0],
            upper=bounds[1],
            strength=strength,
        )
    )


def _bounds(segments: Sequence[Segment]) -> Bounds:
    """Return where an unstable free run stops: far outside anything seen in training.

    The margin is a multiple of the widest range of any joint of the same kind, so that a joint
    that hardly moved in training is free to move.
    """
    lower = np.nanmin([np.nanmin(channels(s), axis=0) for s in segments], axis=0)
    upper = np.nanmax([np.nanmax(channels(s), axis=0) for s in segments], axis=0)
    widest = (upper - lower).reshape(len(KINDS), -1).max(axis=1)
    margin = RANGE_MARGIN * np.repeat(widest, len(lower) // len(KINDS))
    turning = continuous_joints(segments[0].joint_types)
    margin[: len(turning)][turning] += CONTINUOUS_MARGIN
    return lower - margin, upper + margin


def _free_run_score(ridge: RidgeArx, segments: Sequence[Segment]) -> float:
    """Return the mean log of the free run's nMSE over horizons and kinds, NaN-safe."""
    reach = max(CHOOSING_HORIZONS)
    squares, values, kinds = [], [], KINDS[:2]
    for segment in segments:
        first, last = ridge.lookback_steps - 1, len(segment) - reach - 1
        if last < first:
            continue
        stride = max(1, (last - first) // CHOOSING_STARTS)
        starts = np.arange(first, last + 1, stride)
        forecast = ridge.forecast(segment, starts, CHOOSING_HORIZONS, mode=KNOWN_TORQUE)
        at = starts[:, None] + np.asarray(CHOOSING_HORIZONS)
        rows = np.split(channels(segment), len(KINDS), axis=1)
        truth = np.stack([rows[0][at], rows[1][at]])
        squares.append((np.stack([forecast[kind] for kind in kinds]) - truth) ** 2)
        values.append(truth)
    if not squares:
        return np.nan  # Nothing long enough to choose by.
    error = np.nanmean(np.concatenate(squares, axis=1), axis=1)
    variance = np.nanvar(np.concatenate(values, axis=1), axis=1)
    moving = variance > STILL_VARIANCE
    return float(np.mean(np.log(error[moving] / variance[moving] + 1e-300)))
