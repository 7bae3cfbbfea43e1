# SPDX-License-Identifier: Apache-2.0
"""How far a prediction may be off: the bounds of a model card, and bounds that follow the errors.

Static bounds come from errors on held-out data of the training set. They hold where what comes is
like that data. Of a card with weights of novelty they are those of usual novelty, and grow where a
model finds what it sees unusual. Adaptive bounds start there and follow the errors that are seen,
so that in the long run the promised share of moments lies within them, whatever comes; at any one
moment they promise nothing.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

RATE = 0.1
"""Step of the adaptation as a share of the static half-width. Of 0.01 to 0.5, tried on held-out
training files of a real arm, the smallest one that keeps the coverage of every joint within 1 % of
its target even where errors are three times those of the card."""

NARROWEST = 0.1
"""Smallest adaptive half-width, as a share of the static one. While a robot stands still there are
hardly any errors, and bounds that had shrunk to nothing would all be missed when it moves on."""

WIDEST = 10.0
"""Largest adaptive half-width, as a share of the static one. Beyond, the model is not unsure but
wrong; and bounds fall slowly, so that a fault would leave them wide for long."""


class NoBoundsError(LstmDynamicsError):
    """A model card that says nothing of the bounds that were asked for."""


class StaticBounds(NamedTuple):
    """Bounds of all targets of a model at one horizon."""

    half: Vector
    """Half-width in the targets' units where novelty is usual, shape (n_targets,); NaN for kinds
    without."""
    held: bool
    """Whether the horizon lies beyond those of the card, and the bounds are those of its last:
    they are then too narrow, if errors grow on."""
    weights: Matrix
    """How much the bounds grow with both signs of novelty, shape (2, n_targets)."""

    def growth(self, excess: Matrix, out: Matrix | None = None) -> Matrix:
        """Return how many times as wide the bounds are, shape (..., n_targets).

        The root of ``1 + w . excess``: as variances of independent errors do, what novelty adds
        comes on top of the rest. Allocates nothing but views if there is an array for the result.

        Args:
            excess: See :attr:`~lstm_dynamics_ros.runtime.novelty.Novelty.excess`, shape
                (..., 2, n_targets); is overwritten if there is an array for the result.
            out: Array for the result.
        """
        parts = np.multiply(excess, self.weights, out=None if out is None else excess)
        grown: Matrix = parts.sum(axis=-2) if out is None else np.add.reduce(parts, -2, out=out)
        grown += 1.0
        np.sqrt(grown, out=grown)
        return grown


def static_bounds(card: ModelCard, horizon: int, miss_rate: float) -> StaticBounds:
    """Return the half-widths that single moments stay within, of any horizon and miss rate.

    Between the horizons of the card they are interpolated linearly, between its miss rates
    linearly over the logarithm (exact for errors with an exponential tail). Beyond its last
    horizon they are held.

    Args:
        card: Card of the model.
        horizon: Steps ahead; 0 for a model of the effort now.
        miss_rate: Share of moments outside, of which it may promise any that its card spans.

    Raises:
        NoBoundsError: If the card has no bounds, or none as rare or as frequent.
    """
    rates = sorted(card.bounds, key=float)
    if not rates:
        raise NoBoundsError(
            f'The card of {card.name or "the model"} has no bounds. Train and export it again '
            'with this version of lstm_dynamics_ros to have them.'
        )
    first, last = float(rates[0]), float(rates[-1])
    if not first <= miss_rate <= last:
        raise NoBoundsError(
            f'The card of {card.name or "the model"} has bounds for miss rates from {first:g} to '
            f'{last:g}, got {miss_rate:g}. Ask for one of those, or train on more data: bounds '
            'that are rarely missed need more of it.'
        )
    tables = np.array([_at_horizon(card, card.bounds[rate], horizon) for rate in rates])
    places = np.log([float(rate) for rate in rates])
    half = np.array([np.interp(np.log(miss_rate), places, column) for column in tables.T])
    longest = max(int(name) for rate in rates for name in card.bounds[rate])
    return StaticBounds(half, horizon > longest, _weights(card, horizon))


def _weights(card: ModelCard, horizon: int) -> Matrix:
    """Return the weights of novelty, shape (2, n_targets); 0 where the card has none."""
    tables = (
        {
            step: {kind: (pair[sign],) * card.n_joints for kind, pair in kinds.items()}
            for step, kinds in card.novelty_weights.items()
        }
        for sign in (0, 1)
    )
    found: Matrix = np.array([_at_horizon(card, table, horizon) for table in tables])
    return np.nan_to_num(found, copy=False)


def _at_horizon(
    card: ModelCard, table: Mapping[str, Mapping[str, Sequence[float]]], horizon: int
) -> Vector:
    """Return values by horizon and kind at any horizon, shape (n_targets,); NaN without."""
    half = np.full(len(card.targets), np.nan)
    known = sorted(table, key=int)
    for kind in dict.fromkeys(signal.kind for signal in card.targets):
        rows = [(int(name), table[name].get(kind)) for name in known]
        steps = [step for step, row in rows if row is not None]
        columns = card.columns(kind, of='targets')
        if not steps or columns is None:
            continue
        values = np.array([row for _, row in rows if row is not None])
        half[columns] = [np.interp(horizon, steps, column) for column in values.T]
    return half


class AdaptiveBounds:
    """Bounds that follow the errors that come in, each target for itself.

    After every error the half-width q becomes q + eta (miss - miss rate), where miss is 1 if the
    error was larger than the half-width that its prediction was given and 0 otherwise, and eta is
    :data:`RATE` times the static half-width. Summed over T errors, the share of misses differs
    from the miss rate by (q_T - q_0) / (eta T): it gets there whatever the errors are, as long as
    q stays within its limits. Below the lower limit fewer are missed than promised, above the
    upper one more.

    Sources: I. Gibbs, E. Candes, "Adaptive conformal inference under distribution shift", NeurIPS
    2021; the quantile tracker of A. Angelopoulos, E. Candes, R. Tibshirani, "Conformal PID control
    for time series prediction", NeurIPS 2023 (both without limits).

    Args:
        static: Half-widths to start from, shape (n_targets,); NaN stays NaN.
        miss_rate: Share of moments outside.
        rate: Step of the adaptation as a share of the static half-width.

    Raises:
        ConfigError: If the miss rate is not between 0 and 1, or the rate not above 0.
    """

    def __init__(self, static: Vector, miss_rate: float, *, rate: float = RATE) -> None:
        if not 0.0 < miss_rate < 1.0:
            raise ConfigError(f'The miss rate must lie between 0 and 1, got {miss_rate}.')
        if not rate > 0.0:
            raise ConfigError(f'The rate of adaptation must be > 0, got {rate}.')
        self._static = np.array(static, dtype=np.float64)
        self._low, self._high = NARROWEST * self._static, WIDEST * self._static
        self._rise = rate * (1.0 - miss_rate) * self._static
        self._fall = -rate * miss_rate * self._static
        self.half = self._static.copy()
        """Half-width now, in the targets' units, shape (n_targets,). Written again by every
        update; copy it to keep it."""
        self._size = np.empty_like(self.half)
        self._step = np.empty_like(self.half)
        self._which = np.empty(self.half.shape, np.bool_)

    def reset(self) -> None:
        """Begin again from the static half-widths."""
        self.half[:] = self._static

    def update(self, error: Vector, issued: Vector | None = None) -> None:
        """Take in the newest errors. Allocates nothing.

        Args:
            error: Measured minus predicted, shape (n_targets,), in the targets' units. NaN leaves
                the bounds of that target as they are; an infinite one is a miss.
            issued: Half-widths that the prediction was given, shape (n_targets,), if it was made
                so long ago that other errors have come since; else those of now.
        """
        size, step, which = self._size, self._step, self._which
        np.abs(error, out=size)
        np.copyto(step, self._fall)
        np.greater(size, self.half if issued is None else issued, out=which)
        np.copyto(step, self._rise, where=which)
        np.isnan(size, out=which)
        np.copyto(step, 0.0, where=which)
        self.half += step
        np.maximum(self.half, self._low, out=self.half)
        np.minimum(self.half, self._high, out=self.half)
