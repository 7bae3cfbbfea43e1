# SPDX-License-Identifier: Apache-2.0
"""How unlike its training a model finds what it sees: training ranges, and a score of novelty.

Two signs of it are taken together in the score: the members of an ensemble disagree more than
usual, where the data they share did not decide; and features lie outside the ranges of the
training data. 1 is usual. The score tells where errors are likely to be large, not how large: that
is what the bounds are for.

Source of the first: B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable predictive
uncertainty estimation using deep ensembles", NeurIPS 2017.
"""

from collections.abc import Sequence
import math
from typing import NamedTuple

from lstm_dynamics_ros.core.card import DERIVED_KINDS, ModelCard, PAST_KIND
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.disturbance import (
    disturbance_scale,
    PayloadEstimate,
    RANGE_NAME,
)
import numpy as np
from numpy.typing import NDArray

SMALLEST_RANGE = 1e-6
"""Width that every training range counts with at least, in the feature's unit."""


class FeatureRanges(NamedTuple):
    """The training ranges of some features, ready for a quick check. Shapes (n_ranges,)."""

    columns: NDArray[np.intp]
    """Where the features stand in an observation."""
    middle: Vector
    half: Vector
    """Half of the width of each range."""
    per_unit: Vector
    """Score per distance outside."""

    @classmethod
    def from_card(cls, card: ModelCard, tolerance: float) -> 'FeatureRanges':
        """Return the ranges of a model; none for positions of joints that turn without end.

        Args:
            card: Card with the training ranges.
            tolerance: How far outside is a score of 1, as a share of the range.
        """
        columns, lows, highs = _ranges(card)
        low, high = np.array(lows), np.array(highs)
        width = np.maximum(high - low, SMALLEST_RANGE)
        return cls(
            np.array(columns, np.intp), (low + high) / 2, width / 2, 1.0 / (tolerance * width)
        )


def _ranges(card: ModelCard) -> tuple[list[int], list[float], list[float]]:
    """Return the columns of the features with a training range, and its ends [features' units]."""
    types = dict(zip(card.joint_names, card.joint_types, strict=True))
    columns, lows, highs = [], [], []
    for i, signal in enumerate(card.features):
        seen = card.training_ranges.get(signal.name)
        turns = signal.kind == 'position' and types[signal.joint] == 'continuous'
        if seen is not None and not turns and signal.kind not in DERIVED_KINDS:
            columns.append(i)
            lows.append(seen.minimum)
            highs.append(seen.maximum)
    return columns, lows, highs


def range_score(observation: Vector, ranges: FeatureRanges) -> float:
    """Return how far the worst feature is outside its training range; 0 inside.

    Args:
        observation: Features in the card's order, shape (n_features,).
        ranges: What was seen in training.

    Returns:
        1 at the tolerance; NaN if a feature is NaN.
    """
    if not len(ranges.columns):
        return 0.0
    outside = np.abs(observation.take(ranges.columns) - ranges.middle)
    outside -= ranges.half
    outside *= ranges.per_unit
    worst = float(np.maximum.reduce(outside))
    return worst if math.isnan(worst) else max(0.0, worst)


PAYLOAD_MARGIN = 0.1
"""How far outside its training range a payload still counts as inside, as a share of the range."""


class RangeCheck:
    """Which features are outside what the model saw in training.

    Args:
        card: Card with the training ranges; features without one, and positions of continuous
            joints, are never outside.
        margin: How far outside is still inside, as a share of the range.
    """

    def __init__(self, card: ModelCard, margin: float) -> None:
        columns, lows, highs = _ranges(card)
        low, high = np.array(lows), np.array(highs)
        spare = margin * (high - low)
        self._low, self._high = low - spare, high + spare
        self._names = [card.features[i].name for i in columns]
        self._columns = np.array(columns, np.intp)

    def outside(self, observation: Vector) -> Sequence[str]:
        """Return the names of the features outside, e.g. ``('velocity.joint1',)``.

        Args:
            observation: What the model saw, shape (n_features,).
        """
        if not self._names:
            return ()
        values = observation.take(self._columns)
        out = ((values < self._low) | (values > self._high)).tolist()
        if True not in out:
            return ()
        return tuple(name for name, is_out in zip(self._names, out, strict=True) if is_out)


class PayloadRange:
    """How far the payload is outside what a model was trained on, if its card says what is usual.

    Args:
        card: Card of the model.
    """

    def __init__(self, card: ModelCard) -> None:
        self.overloaded = False
        """Whether the payload is outside the training range by more than the margin."""
        self._estimate: PayloadEstimate | None = None
        measured, past = card.columns('disturbance'), card.columns(PAST_KIND)
        seen = card.training_ranges.get(RANGE_NAME)
        if measured is None or past is None or seen is None or not seen.maximum > seen.minimum:
            return
        spread = [card.training_ranges[signal.name].std for signal in card.features[measured]]
        self._estimate = PayloadEstimate(disturbance_scale(spread), card.dt)
        self._columns = measured, past
        self._low, self._high = seen.minimum, seen.maximum

    def reset(self) -> None:
        """Forget what was carried."""
        self.overloaded = False
        if self._estimate is not None:
            self._estimate.reset()

    def update(self, observation: Vector) -> float:
        """Return how far the payload is outside, as a share of the range; 0 inside.

        Args:
            observation: What the model saw, shape (n_features,).
        """
        if self._estimate is None:
            return 0.0
        measured, past = self._columns
        mass = self._estimate.update(observation[measured], observation[past])
        low, high = self._low, self._high
        outside = max(low - mass, mass - high, 0.0) / (high - low)
        self.overloaded = outside > PAYLOAD_MARGIN
        return outside


Batch = NDArray[np.float64]
"""Float64, one row per robot or forecast."""

WINDOW = 0.1
"""Time constant over which the disagreement is averaged, as a mean square [s]. The spread of few
members is itself a rough estimate: of 0 to 5 s, tried on held-out training files of a real arm,
0.1 s separated large errors from small ones best, with one model of efforts and one of motion."""

TOLERANCE = 0.1
"""How far outside the training range counts as much as twice the usual spread, as a share of the
range."""

_SMALLEST = 1e-12  # typical spread that others are divided by, in the target's unit


def _sees_sines(card: ModelCard) -> bool:
    """Return whether the model sees no angle itself, but its sine and cosine."""
    return card.position_features in {'sin_cos', 'sums'} and card.columns('position') is not None


def _seen_ranges(card: ModelCard) -> tuple[Vector, Vector, Vector]:
    """Return middle, half-width and score per unit of what the model sees.

    Of every feature, and where the model sees them, of the sines and cosines of all positions; the
    score per unit is 0 where nothing is outside. Shapes (n_features,) or (n_features + 2 n,).
    """
    names = [signal.name for signal in card.features]
    low, high = np.full((2, len(names)), np.nan)
    columns, lows, highs = _ranges(card)
    low[columns], high[columns] = lows, highs
    where = card.columns('position')
    if where is not None and card.position_features != 'value':
        turns = np.array([kind != 'prismatic' for kind in card.joint_types])
        ends = np.stack([low[where], high[where]])
        unseen = turns | (card.position_features == 'none')
        low[where] = np.where(unseen, np.nan, low[where])
        if _sees_sines(card):
            shown = np.where(turns, ends, np.nan)
            for shift in (0.0, np.pi / 2):
                least, most = _sine_range(*(shown + shift))
                low, high = np.append(low, least), np.append(high, most)
    width = np.maximum(high - low, SMALLEST_RANGE)
    per_unit = np.nan_to_num(1.0 / (TOLERANCE * width))
    return np.nan_to_num((low + high) / 2), np.nan_to_num(width / 2), per_unit


def _sine_range(low: Vector, high: Vector) -> tuple[Vector, Vector]:
    """Return the smallest and largest sine of angles in intervals; NaN of NaN."""
    one, other = np.sin(low), np.sin(high)

    def within(angle: float) -> NDArray[np.bool_]:
        return np.floor((high - angle) / math.tau) >= np.ceil((low - angle) / math.tau)

    least = np.where(within(-np.pi / 2), -1.0, np.minimum(one, other))
    return least, np.where(within(np.pi / 2), 1.0, np.maximum(one, other))


class Novelty:
    """Scores step by step how unusual what a model sees is.

    With r the spread of a target over its typical spread, s the mean of r^2 over the window, S the
    mean of s over all targets, o how far the features of a joint lie outside (1 at
    :data:`TOLERANCE`) and O the largest o:

        of a target:  sqrt(sqrt(s) sqrt(S)) sqrt((1 + o) (1 + O))
        of all:       sqrt(S) (1 + O)

    A target's score is the geometric mean of its own and that of all: with few members its own
    spread says less alone than together with the others'. Without members s is 1.

    Args:
        card: Card of the model.
        batch: Number of rows N that are scored together.
    """

    def __init__(self, card: ModelCard, batch: int = 1) -> None:
        kinds = dict.fromkeys(signal.kind for signal in card.targets)
        typical = [value for kind in kinds for value in card.spread.get(kind, ())]
        self.uses_members = card.members > 1 and len(typical) == len(card.targets)
        """Whether the card says how far the members of the model usually disagree."""
        weight = -math.expm1(-card.dt / WINDOW)
        self._kept = 1.0 - weight
        self._one = math.sqrt(weight)
        scale = np.maximum(typical, _SMALLEST) / self._one if self.uses_members else np.ones(1)
        self._scale = np.tile(scale, (batch, 1))
        self._middle, self._half, self._per_unit = (
            np.tile(row, (batch, 1)) for row in _seen_ranges(card)
        )  # as large as what they are taken off: numpy makes copies to broadcast in place
        self._outside = np.zeros_like(self._middle)
        self._angles = card.columns('position') if _sees_sines(card) else None
        self._excess = np.empty((batch, 2, len(card.targets)))
        self._total = np.empty(batch)
        self._own = np.empty((batch, card.n_joints))
        by_joint = (batch, -1, card.n_joints)
        self._by_joint = self._outside.reshape(by_joint)
        self._signs = self._excess[:, 0], self._excess[:, 1].reshape(by_joint)
        self._wide = self._total[:, None], self._own[:, None], self._total[:, None, None]
        self._squares = np.ones((batch, len(card.targets)))
        self._newest = np.ones_like(self._squares)
        self._fresh = True

    @property
    def value(self) -> Batch:
        """Score of all targets together, shape (N,); NaN before the first step."""
        if self._fresh:
            return np.full(len(self._squares), np.nan)
        largest: Batch = np.maximum.reduce(self._outside, axis=1, initial=0.0)
        largest += 1.0
        if self.uses_members:
            largest *= np.sqrt(self._mean())
        return largest

    @property
    def per_target(self) -> Batch:
        """Score of each target, shape (N, n_targets); NaN before the first step."""
        score: Batch = np.sqrt(np.multiply.reduce(1.0 + self.excess, axis=1))
        return score

    @property
    def excess(self) -> Batch:
        """How far the squares of both signs are above those of usual novelty, by target.

        Shape (N, 2, n_targets): of disagreement ``sqrt(s S) - 1``, of features outside of their
        ranges ``(1 + o) (1 + O) - 1``; NaN before the first step. Written again by the next call.
        """
        found = self._excess
        if self._fresh:
            found.fill(np.nan)
            return found
        (disagreement, outside), own = self._signs, self._own
        total, own_wide, total_wide = self._wide
        np.add.reduce(self._squares, axis=1, out=self._total)
        self._total /= found.shape[2]
        np.multiply(self._squares, total, out=disagreement)
        np.sqrt(disagreement, out=disagreement)
        np.maximum.reduce(self._by_joint, axis=1, initial=0.0, out=own)
        own += 1.0
        np.maximum.reduce(own, axis=1, out=self._total)
        np.multiply(own_wide, total_wide, out=outside)
        found -= 1.0
        return found

    @property
    def memory(self) -> Batch:
        """Mean squares over the window, shape (N, n_targets). May be set, to go on from there."""
        return self._squares

    @memory.setter
    def memory(self, squares: Batch) -> None:
        np.copyto(self._squares, squares)
        self._fresh = False

    def reset(self) -> None:
        """Forget the past."""
        self._fresh = True
        self._squares.fill(1.0)

    def update(self, observations: NDArray[np.floating], spread: NDArray[np.floating]) -> None:
        """Take in the newest step. Allocates nothing.

        Args:
            observations: What the model saw, shape (N, n_features), finite.
            spread: Standard deviation between its members, shape (N, n_targets); not looked at
                without members.
        """
        outside, width = self._outside, observations.shape[-1]
        outside[:, :width] = observations
        if self._angles is not None:
            angles, cosines = outside[:, self._angles], width + self._own.shape[1]
            np.sin(angles, out=outside[:, width:cosines])
            np.cos(angles, out=outside[:, cosines:])
        outside -= self._middle
        np.abs(outside, out=outside)
        outside -= self._half
        outside *= self._per_unit
        if self.uses_members:
            newest = self._newest
            np.divide(spread, self._scale, out=newest)
            if self._fresh:
                newest /= self._one
                np.multiply(newest, newest, out=self._squares)
            else:
                newest *= newest
                self._squares *= self._kept
                self._squares += newest
        self._fresh = False

    def _mean(self) -> Batch:
        """Return the mean square of all targets together, shape (N,)."""
        total: Batch = np.add.reduce(self._squares, axis=1)
        total /= self._squares.shape[1]
        return total
