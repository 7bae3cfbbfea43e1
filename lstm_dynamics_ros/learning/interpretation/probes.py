# SPDX-License-Identifier: Apache-2.0
"""Linear probes: what can be read from the hidden units, beside what the inputs already say.

Source: G. Alain, Y. Bengio, "Understanding intermediate layers using linear classifier probes",
2017. Scores are of data left out, whole trajectories or whole blocks of time in turn, never single
samples: neighbouring rows are so alike that a shuffled split would score memory of the sample.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.ridge import solve_ridge
from lstm_dynamics_ros.learning.interpretation.explanation import Probe
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths of the ridge that are tried, relative to the number of rows."""

FOLDS = 5
"""Most parts that are left out in turn."""


def folds(groups: Sequence[str], blocks: int) -> tuple[NDArray[np.int64], str]:
    """Return the fold of each block, and in words what is left out in turn.

    Args:
        groups: Name of the trajectory of each block, blocks of one trajectory in time order.
        blocks: Number of blocks.

    Returns:
        Folds, shape (blocks,): by trajectory where there are three or more, else by stretches of
        neighbouring blocks.
    """
    names = list(dict.fromkeys(groups))
    if len(names) >= 3:
        count = min(FOLDS, len(names))
        of_name = {name: number * count // len(names) for number, name in enumerate(names)}
        return np.array([of_name[name] for name in groups]), f'{count} groups of trajectories'
    count = min(FOLDS, blocks)
    return np.arange(blocks) * count // max(1, blocks), f'{count} stretches of time'


def probe(
    hidden: Array,
    inputs: Array,
    labels: Array,
    fold: NDArray[np.int64],
    label_names: Sequence[str],
    unit_names: Sequence[str],
) -> tuple[Probe, ...]:
    """Score what hidden units say about labels.

    Args:
        hidden: Hidden units, shape (rows, units).
        inputs: What the model is told at the same time, shape (rows, n).
        labels: Shape (rows, labels). Those that do not vary are left out.
        fold: Fold of each row, shape (rows,).
        label_names: One per label.
        unit_names: One per unit.
    """
    varies = [i for i in range(labels.shape[1]) if labels[:, i].std() > 1e-9]
    if not varies or not hidden.shape[1] or len(set(fold.tolist())) < 2:
        return ()
    wanted = labels[:, varies]
    all_units = cross_validated_r2(hidden, wanted, fold)
    baseline = cross_validated_r2(inputs, wanted, fold)
    both = cross_validated_r2(np.hstack([hidden, inputs]), wanted, fold)
    single = single_r2(hidden, wanted, fold)
    best = single.argmax(0)
    return tuple(
        Probe(
            label=label_names[label],
            r2=float(all_units[i]),
            baseline_r2=float(baseline[i]),
            both_r2=float(both[i]),
            unit=unit_names[int(best[i])],
            unit_r2=float(single[best[i], i]),
        )
        for i, label in enumerate(varies)
    )


def cross_validated_r2(x: Array, y: Array, fold: NDArray[np.int64]) -> Array:
    """Return the share of variance that a ridge explains on the folds left out, shape (labels,).

    The strength is chosen for each label by cross-validation inside the other folds. Negative
    where the ridge is worse than the mean.
    """
    moments = [_moments(_scaled(x)[fold == f], y[fold == f]) for f in np.unique(fold)]
    left = np.zeros(y.shape[1])
    for number, test in enumerate(moments):
        others = [part for i, part in enumerate(moments) if i != number]
        chosen = np.full(y.shape[1], STRENGTHS.index(1e-2))
        if len(others) > 1:
            chosen = np.argmin([_inner_error(others, value) for value in STRENGTHS], axis=0)
        errors = np.array([_error(_ridge(others, value), test) for value in STRENGTHS])
        left += errors[chosen, np.arange(y.shape[1])]
    about_mean = ((y - y.mean(0)) ** 2).sum(0)
    return np.asarray(1.0 - left / about_mean)


def single_r2(x: Array, y: Array, fold: NDArray[np.int64]) -> Array:
    """Return the share that each column of x alone explains, shape (columns, labels)."""
    left = np.zeros((x.shape[1], y.shape[1]))
    for f in np.unique(fold):
        xs, ys = x[fold != f], y[fold != f]
        x_mean, y_mean = xs.mean(0), ys.mean(0)
        variance = np.maximum(((xs - x_mean) ** 2).mean(0), 1e-12)
        slope = (xs - x_mean).T @ (ys - y_mean) / len(xs) / variance[:, None]
        xt, yt = x[fold == f] - x_mean, y[fold == f] - y_mean
        left += (yt**2).sum(0) - 2 * slope * (xt.T @ yt) + slope**2 * (xt**2).sum(0)[:, None]
    return np.asarray(1.0 - left / ((y - y.mean(0)) ** 2).sum(0))


Moments = tuple[Array, Array, Array, int]


def _scaled(x: Array) -> Array:
    """Return columns of unit size and a column of ones."""
    spread = x.std(0)
    scaled = (x - x.mean(0)) / np.where(spread > 1e-9, spread, 1.0)
    return np.hstack([scaled, np.ones((len(x), 1))])


def _moments(x: Array, y: Array) -> Moments:
    return x.T @ x, x.T @ y, (y**2).sum(0), len(x)


def _ridge(parts: Sequence[Moments], strength: float) -> Array:
    gram = sum((part[0] for part in parts), np.zeros(()))
    cross = sum((part[1] for part in parts), np.zeros(()))
    penalty = strength * sum(part[3] for part in parts) * np.ones(len(gram))
    penalty[-1] = 1e-9  # the constant is free
    return solve_ridge(gram, cross, penalty)


def _error(weights: Array, part: Moments) -> Array:
    gram, cross, square, _ = part
    fitted = (weights * (gram @ weights)).sum(0)
    return np.asarray(square - 2 * (weights * cross).sum(0) + fitted)


def _inner_error(parts: Sequence[Moments], strength: float) -> Array:
    """Return the squared error of each label over parts left out in turn, shape (labels,)."""
    total = np.zeros_like(parts[0][2])
    for number, test in enumerate(parts):
        others = [part for i, part in enumerate(parts) if i != number]
        total += _error(_ridge(others, strength), test)
    return total
