# SPDX-License-Identifier: Apache-2.0
"""Equally long stretches of recordings side by side, so that a model runs over all at once."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.learning.interpretation.card_inputs import Run
import numpy as np
from numpy.typing import NDArray


class Stretches(NamedTuple):
    """N stretches of T rows."""

    observations: NDArray[np.float64]
    """Features, shape (T, N, F)."""
    runs: tuple[int, ...]
    """Which run each is from."""
    starts: tuple[int, ...]
    """First row of each in its run."""


def spread_out(runs: Sequence[Run], length: int, count: int) -> Stretches:
    """Return stretches spread evenly over the recordings; they may overlap.

    Args:
        runs: Recordings.
        length: Rows T of each.
        count: How many; fewer if there are not as many places.

    Raises:
        DataError: If no recording is as long.
    """
    places = [max(0, len(run) - length + 1) for run in runs]
    total = sum(places)
    if not total:
        longest = max((len(run) for run in runs), default=0)
        raise DataError(
            f'The longest stretch without gaps has {longest} rows, but {length} are needed. '
            'Give a longer recording, or a shorter --window.'
        )
    ends = np.cumsum(places)
    chosen = np.unique(np.linspace(0, total - 1, min(count, total)).round().astype(int))
    which = np.searchsorted(ends, chosen, side='right')
    starts = chosen - (ends - places)[which]
    return _cut(runs, which.tolist(), starts.tolist(), length)


def in_a_row(runs: Sequence[Run], length: int, before: int, most: int) -> Stretches:
    """Return blocks that follow each other, each with the rows before it.

    Args:
        runs: Recordings.
        length: Rows of each block.
        before: Rows in front of each block that other blocks may share.
        most: Most blocks; if there are more, every few are taken.

    Raises:
        DataError: If no recording is long enough for one.
    """
    places = [
        (number, start)
        for number, run in enumerate(runs)
        for start in range(0, len(run) - before - length + 1, length)
    ]
    if not places:
        return spread_out(runs, before + length, 1)
    step = -(-len(places) // most)
    which, starts = zip(*places[::step], strict=True)
    return _cut(runs, which, starts, before + length)


def _cut(
    runs: Sequence[Run], which: Sequence[int], starts: Sequence[int], length: int
) -> Stretches:
    rows = [runs[i].observations[s : s + length] for i, s in zip(which, starts, strict=True)]
    return Stretches(np.stack(rows, 1), tuple(which), tuple(starts))
