# SPDX-License-Identifier: Apache-2.0
"""Fits the ARX baseline: order and ridge chosen in free run on motions that were left out.

The window is rewritten as its newest row and the changes between its rows. That spans the same
functions, but keeps the normal equations of smooth motion well conditioned, where twenty almost
equal positions would not. Shorter windows, and those that do not see where the joints are, are
some of its columns: the sums of each part of the data are made once, and serve all candidates.
"""

from collections.abc import Iterator, Sequence
from functools import reduce
from itertools import product
from operator import add
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import MODES, Starts
from lstm_dynamics_ros.evaluation.forecasters.normal_equations import (
    Columns,
    Normal,
    normal_of,
    Scaling,
    scaling_of,
    solve,
)
from lstm_dynamics_ros.evaluation.forecasters.parts import Part, parts_of
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import (
    ArxWeights,
    channels,
    KINDS,
    RidgeArx,
)
from lstm_dynamics_ros.evaluation.metrics import DIVERGED, STILL_VARIANCE
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
from numpy.typing import NDArray

ORDERS = (2, 5, 10, 20)
"""Rows of past that are tried."""

STRENGTHS = (1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Ridge penalties that are tried, relative to the number of rows."""

HORIZONS = (1, 10, 50)
"""Horizons whose errors choose [steps]."""

STARTS = 100
"""Forecasts per part that choose, about."""

TIE = 0.01
"""Scores (mean log nMSE) this close are equal; the strongest penalty and the shortest window of
them is taken, because it is the stablest beyond the horizons that choose."""

RANGE_MARGIN = 3.0
"""How far a free run may leave the training range, in widest ranges of its kind."""

CONTINUOUS_MARGIN = 1e4
"""How far a continuous joint may turn beyond that [rad]."""

CHUNK_ROWS = 4096
"""Rows expanded at once; bounds the memory."""

Bounds = tuple[Vector, Vector]
"""Smallest and largest value of each channel, shape (3 * n_joints,) each."""

Array = NDArray[np.float64]


class ArxCandidate(NamedTuple):
    """One ARX that may be chosen."""

    order: int
    positions: bool
    strength: float

    def columns(self, largest: int, n_channels: int) -> Columns:
        """Return its columns of the features of the largest window: newest row, then changes."""
        newest = np.arange(0 if self.positions else n_channels // len(KINDS), n_channels)
        changes = np.arange((largest - self.order + 1) * n_channels, largest * n_channels)
        return np.concatenate([newest, changes])


def fit_arx(
    segments: Sequence[Segment],
    *,
    orders: Sequence[int] = ORDERS,
    strengths: Sequence[float] = STRENGTHS,
    positions: Sequence[bool] = (True, False),
    progress: Progress = no_progress,
) -> RidgeArx:
    """Fit an ARX to segments, the one that is best in free run on motions it has not seen.

    Every choice is fitted to all motions but those of one part of the data, and runs free on
    these, with known torque and without. One that diverges is not taken where another does not.
    What is chosen is fitted again to all of the data.

    Args:
        segments: Training data, the same the model was trained on.
        orders: Rows of past to try.
        strengths: Penalties to try.
        positions: Whether it sees where the joints are, to try.
        progress: Called with (done, total, what).

    Raises:
        DataError: If no window of finite rows is there.
    """
    choices = [ArxCandidate(*one) for one in product(orders, positions, strengths)]
    arx = _Candidates(segments, max(orders))
    best = choices[0] if len(choices) == 1 else arx.best(choices, progress)
    fitted = arx.fitted(best)
    if fitted is None:
        raise DataError('The ARX has no solution for any ridge strength on these recordings.')
    progress(len(choices) + 1, len(choices) + 1, 'ridge: done')
    return fitted


class _Candidates:
    """What all choices are fitted from and judged on.

    Args:
        segments: Training data.
        largest: Rows in the largest window.

    Raises:
        DataError: If no window of finite rows is there.
    """

    def __init__(self, segments: Sequence[Segment], largest: int) -> None:
        self._like, self._largest = segments[0], largest
        scaling = scaling_of(lambda: _chunks(segments, largest))
        if scaling is None:
            raise DataError(
                f'The ridge needs {largest + 1} rows in a row with position, velocity and effort; '
                f'none of the {len(segments)} segments has them.'
            )
        self._scaling: Scaling = scaling
        self._bounds = _bounds(segments)
        reach = largest + max(HORIZONS)
        self._parts = parts_of(segments, gap_steps=largest, window_steps=reach)

        def sums(of: Sequence[Segment]) -> Normal:
            return normal_of(lambda: _chunks(of, largest), scaling)

        self._sums = [sums(part.fitted) for part in self._parts]

    def fitted(self, choice: ArxCandidate, without: int | None = None) -> RidgeArx | None:
        """Return one choice, fitted to all parts of the data but one; None if it is singular."""
        like, order, n = self._like, choice.order, len(self._scaling.output)
        columns = choice.columns(self._largest, n)
        sums = [one.of(columns) for k, one in enumerate(self._sums) if k != without and one.rows]
        fit = solve(reduce(add, sums), choice.strength) if sums else None
        if fit is None:
            return None
        known, offset = fit.unscaled(self._scaling.of(columns))
        weights = np.zeros((order * n, n))
        weights[len(weights) - len(known) :] = known
        return RidgeArx(
            ArxWeights(
                joint_names=like.joint_names,
                dt=like.dt,
                order=order,
                matrix=_to_window(weights, order),
                offset=offset,
                lower=self._bounds[0],
                upper=self._bounds[1],
                strength=choice.strength,
                positions=choice.positions,
            )
        )

    def best(self, choices: Sequence[ArxCandidate], progress: Progress) -> ArxCandidate:
        """Return the choice with the least error; the middle one if nothing can be judged."""
        parts = [
            (k, runs)
            for k, part in enumerate(self._parts)
            if (runs := _judged(part, self._largest))
        ]
        truth = [_truth(*run) for _, runs in parts for run in runs]
        scores: dict[ArxCandidate, tuple[int, float]] = {}
        for done, choice in enumerate(choices if truth else (), 1):
            fits = [self.fitted(choice, k) for k, _ in parts]
            ridges = [ridge for ridge in fits if ridge is not None]
            if len(ridges) == len(parts):
                errors = [_errors(r, runs) for r, (_, runs) in zip(ridges, parts, strict=True)]
                scores[choice] = _score(errors, np.concatenate(truth, axis=1).var(axis=1))
            progress(done, len(choices) + 1, f'ridge: ARX({choice.order}), {choice.strength:g}')
        if not scores:
            return sorted(choices, key=lambda one: (one.strength, -one.order))[len(choices) // 2]
        lost, least = min(scores.values())
        ties = [one for one, score in scores.items() if score <= (lost, least + TIE)]
        return max(ties, key=lambda one: (one.strength, -one.order))


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


def _judged(part: Part, order: int) -> list[tuple[Segment, Starts]]:
    """Return the segments of a part with starts whose past and future were measured."""
    reach = max(HORIZONS)
    each = max(1, sum(len(segment) for segment in part.judged) // STARTS)
    found = []
    for segment in part.judged:
        missing = np.cumsum(np.r_[0, ~np.isfinite(channels(segment)).all(axis=1)])
        starts = np.arange(order - 1, len(segment) - reach, each)
        starts = starts[missing[starts + reach + 1] == missing[starts - order + 1]]
        if len(starts):
            found.append((segment, starts))
    return found


def _truth(segment: Segment, starts: Starts) -> Array:
    """Return position and velocity at the targets, shape (2, n_starts, n_horizons, n_joints)."""
    at = starts[:, None] + np.asarray(HORIZONS)
    position, velocity, _ = np.split(channels(segment), len(KINDS), axis=1)
    return np.stack([position[at], velocity[at]])


def _errors(ridge: RidgeArx, runs: Sequence[tuple[Segment, Starts]]) -> Array:
    """Return squared errors, shape (ways, 2, n_starts, n_horizons, n_joints).

    The ways are known torque, and causal with held and with predicted effort.
    """
    found = []
    for segment, starts in runs:
        truth = _truth(segment, starts)
        ways = [
            way.forecast(segment, starts, HORIZONS, mode=mode)
            for mode in MODES
            for way in ridge.candidates(mode)
        ]
        made = np.stack([[way[kind] for kind in KINDS[:2]] for way in ways])
        found.append((made - truth) ** 2)
    return np.concatenate(found, axis=2)


def _cells(error: Array, variance: Array) -> Matrix:
    """Return the nMSE of known torque and causal, mean over joints, shape (2, 2 * n_horizons).

    Args:
        error: Mean squared error, shape (ways, 2, n_horizons, n_joints).
        variance: Of the targets, shape (2, n_horizons, n_joints).
    """
    moves = variance >= STILL_VARIANCE
    ratio = np.where(moves, error / np.where(moves, variance, 1.0), 0.0).sum(axis=-1)
    ways = ratio / np.maximum(moves.sum(axis=-1), 1)
    return np.stack([ways[0], ways[1:].min(axis=0)]).reshape(2, -1)


def _score(errors: Sequence[Array], variance: Array) -> tuple[int, float]:
    """Return how many cells of the parts diverged, and the mean log nMSE of all parts together.

    Args:
        errors: Result of :func:`_errors` for each part.
        variance: Of the targets, shape (2, n_horizons, n_joints).
    """
    parts = [_cells(error.mean(axis=2), variance) for error in errors]
    lost = sum(int(np.count_nonzero(cells > DIVERGED)) for cells in parts)
    cells = _cells(np.concatenate(errors, axis=2).mean(axis=2), variance)
    return lost, float(np.mean(np.log(cells + 1e-300)))
