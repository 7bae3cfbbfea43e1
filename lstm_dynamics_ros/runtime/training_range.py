# SPDX-License-Identifier: Apache-2.0
"""How far what a model sees lies outside what it saw in training."""

import math
from typing import NamedTuple

from lstm_dynamics_ros.core.card import DERIVED_KINDS, ModelCard
from lstm_dynamics_ros.core.state import Vector
import numpy as np

SMALLEST_RANGE = 1e-6
"""Width that every training range counts with at least, in the feature's unit."""


class FeatureRanges(NamedTuple):
    """The training ranges of some features, ready for a quick check. Shapes (n_ranges,)."""

    columns: tuple[int, ...]
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
        types = dict(zip(card.joint_names, card.joint_types, strict=True))
        columns, lows, highs = [], [], []
        for i, signal in enumerate(card.features):
            seen = card.training_ranges.get(signal.name)
            turns = signal.kind == 'position' and types[signal.joint] == 'continuous'
            if seen is not None and not turns and signal.kind not in DERIVED_KINDS:
                columns.append(i)
                lows.append(seen.minimum)
                highs.append(seen.maximum)
        low, high = np.array(lows), np.array(highs)
        width = np.maximum(high - low, SMALLEST_RANGE)
        return cls(tuple(columns), (low + high) / 2, width / 2, 1.0 / (tolerance * width))


def range_score(observation: Vector, ranges: FeatureRanges) -> float:
    """Return how far the worst feature is outside its training range; 0 inside.

    Args:
        observation: Features in the card's order, shape (n_features,).
        ranges: What was seen in training.

    Returns:
        1 at the tolerance; NaN if a feature is NaN.
    """
    if not ranges.columns:
        return 0.0
    outside = np.abs(observation.take(ranges.columns) - ranges.middle)
    outside -= ranges.half
    outside *= ranges.per_unit
    worst = float(outside.max())
    return worst if math.isnan(worst) else max(0.0, worst)
