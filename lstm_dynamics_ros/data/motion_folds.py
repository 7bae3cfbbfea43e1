# SPDX-License-Identifier: Apache-2.0
"""Cross-validation over motions: each fold leaves out motions that the others do not hold.

One fold leaves out the motion farthest from all others alone, because what a model is used on
later is seldom as near to its training data as one repetition of an exercise is to the next.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import folds, near_duplicates
import numpy as np

USUAL = (0.01, 0.99)
"""Quantiles between which the values of the other motions count as their range."""

MOST_ROWS = 500_000
"""Rows of all motions that are compared; more data are thinned."""


class MotionFold(NamedTuple):
    """One split of the data."""

    learn_from: list[Segment]
    held_out: list[Segment]
    far: bool
    """Whether what is held out is the motion farthest from all others."""

    @property
    def title(self) -> str:
        """What is held out, for people."""
        names = list(dict.fromkeys(segment.name for segment in self.held_out))
        more = f' and {len(names) - 1} more' if len(names) > 1 else ''
        return f'{names[0]}{more}{", the farthest" if self.far else ""}'


def motion_folds(
    segments: Sequence[Segment], most: int, *, washout_steps: int, window_steps: int, seed: int = 0
) -> list[MotionFold]:
    """Return the folds; together they hold out everything once.

    The first leaves out the farthest motion. The others are dealt the rest, about as many steps
    each. Motions are groups of near-copies. With one motion alone they are its blocks, with gaps
    between, and none is the farthest.

    Args:
        segments: Segments of one robot, distinguished by the names of their trajectories.
        most: Number of folds, if there are as many motions; at least 2.
        washout_steps: Steps between learned and held-out blocks of a single motion.
        window_steps: Steps that a held-out block must have at least.
        seed: Decides what is held out together.

    Raises:
        TooShortError: If a single motion is too short to be split.
    """
    motions = near_duplicates(segments)
    if len(motions) == 1:
        shortest = max(4 * washout_steps, window_steps)
        fit = sum(len(segment) for segment in segments) // max(shortest, 1)
        blocks = folds(
            [*segments],
            max(2, min(most, fit)),
            washout_steps=washout_steps,
            window_steps=window_steps,
            seed=seed,
        )
        return [MotionFold(*block, far=False) for block in blocks]
    distances = distance_of_motions(segments, motions)
    far = motions[int(np.argmax(distances))]
    held = [set(far)]
    rest = [segment for segment in segments if segment.name not in far]
    if most > 2 and len(motions) > 2:
        dealt = folds(rest, most - 1, washout_steps=washout_steps, seed=seed)
        held += [{segment.name for segment in out} for _, out in dealt]
    else:
        held.append({segment.name for segment in rest})
    unique = [names for i, names in enumerate(held) if names not in held[:i]]
    return [
        MotionFold(
            [segment for segment in segments if segment.name not in names],
            [segment for segment in segments if segment.name in names],
            far=i == 0,
        )
        for i, names in enumerate(unique)
    ]


def distance_of_motions(
    segments: Sequence[Segment], motions: Sequence[Sequence[str]]
) -> list[float]:
    """Return how far each motion is from all others.

    The mean over columns of the share of its values outside the usual range of the others, plus
    how far they lie outside, in widths of that range. Columns are positions (sine and cosine of
    angles) and velocities.

    Args:
        segments: The data.
        motions: Names of the trajectories of each motion.
    """
    thin = -(-sum(map(len, segments)) // MOST_ROWS)
    rows = [
        np.vstack([_columns(segment)[::thin] for segment in segments if segment.name in names])
        for names in motions
    ]
    found = []
    for k, own in enumerate(rows):
        others = np.vstack(rows[:k] + rows[k + 1 :])
        low, high = np.nanquantile(others, USUAL, axis=0)
        beyond = np.maximum(np.maximum(low - own, own - high), 0.0)
        width = np.maximum(high - low, 1e-9)
        found.append(float(np.nanmean((beyond > 0) + np.minimum(beyond / width, 10.0))))
    return found


def _columns(segment: Segment) -> Matrix:
    """Return what is compared of a segment, shape (n_steps, n_columns)."""
    turning = np.array([kind != 'prismatic' for kind in segment.joint_types])
    angles = segment.position[:, turning]
    straight = segment.position[:, ~turning]
    return np.hstack([np.sin(angles), np.cos(angles), straight, segment.velocity])
