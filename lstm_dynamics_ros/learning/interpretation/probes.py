# SPDX-License-Identifier: Apache-2.0
"""Linear probes: what can be read from the hidden units that is not in the current inputs.

Looked for are friction sign, reversals and payload.

Source: G. Alain, Y. Bengio, "Understanding intermediate layers using linear classifier probes",
2017. Scores are of data left out, whole trajectories or whole blocks of time in turn, never single
samples: neighbouring rows are so alike that a shuffled split would score memory of the sample.
"""

from collections.abc import Mapping, Sequence

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.ridge import solve_ridge
from lstm_dynamics_ros.learning.interpretation.card_inputs import Run
from lstm_dynamics_ros.learning.interpretation.explanation import Array, Probe
import numpy as np
from numpy.typing import NDArray

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths of the ridge that are tried, relative to the number of rows."""

FOLDS = 5
"""Most parts that are left out in turn."""


RECENT = 0.1
"""A reversal counts as recent for this long [s]."""

STILL = 0.02
"""Below this share of its RMS a velocity has no sign: the joint rests."""


def label_names(card: ModelCard, payloads: Mapping[str, float]) -> list[str]:
    """Return the names of the labels, in the order of :func:`labels`."""
    names = [f'friction sign of {joint}' for joint in card.joint_names]
    names += [f'reversal of {joint}' for joint in card.joint_names]
    return names + ['payload'] * bool(payloads)


def labels(run: Run, dt: float, payloads: Mapping[str, float]) -> Array:
    """Return the labels of every row of a run, shape (T, labels).

    Friction sign: sign of the velocity, 0 at rest. Reversal: 1 for :data:`RECENT` after the sign
    has changed, else 0. Payload: that of the trajectory [kg].

    Args:
        run: The run.
        dt: Step [s].
        payloads: Payload by the name of the trajectory [kg]; empty if they are not known.
    """
    size = np.sqrt((run.velocity**2).mean(0))
    sign = np.where(np.abs(run.velocity) < STILL * size, 0.0, np.sign(run.velocity))
    reversed_at = _changes(sign)
    steps = max(1, round(RECENT / dt))
    counts = np.cumsum(reversed_at, axis=0)
    earlier = np.vstack([np.zeros((min(steps, len(counts)), counts.shape[1])), counts[:-steps]])
    blocks = [sign, (counts > earlier[: len(counts)]).astype(np.float64)]
    if payloads:
        blocks.append(np.full((len(run), 1), payloads.get(run.name, np.nan)))
    return np.hstack(blocks)


def _changes(sign: Array) -> Array:
    """Return 1 where the direction is another than the last one that was not rest."""
    rows = np.where(sign != 0, np.arange(len(sign))[:, None], 0)
    last = np.take_along_axis(sign, np.maximum.accumulate(rows, axis=0), axis=0)
    change = np.zeros_like(sign)
    change[1:] = (last[1:] * last[:-1] < 0).astype(np.float64)
    return change


def memoryless_inputs(card: ModelCard, observations: Array) -> Array:
    """Return the inputs of a probe that has no memory, shape (rows, n).

    The current inputs, sine and cosine of positions, and of velocities the size and a steep
    ``tanh``: shapes that friction has, so that a hidden unit is only credited for memory.

    Args:
        card: Card of the model.
        observations: Current inputs, shape (rows, F).
    """
    blocks = [observations]
    position, velocity = card.columns('position'), card.columns('velocity')
    if position is not None:
        blocks += [np.sin(observations[:, position]), np.cos(observations[:, position])]
    if velocity is not None:
        speed = observations[:, velocity]
        scale = np.maximum(0.1 * np.sqrt((speed**2).mean(0)), 1e-9)
        blocks += [np.abs(speed), np.tanh(speed / scale), np.exp(-((speed / scale) ** 2))]
    return np.hstack(blocks)


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
    """Score how well labels can be read from hidden units.

    Args:
        hidden: Hidden units, shape (rows, units).
        inputs: What the model sees at the same time, shape (rows, n).
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
