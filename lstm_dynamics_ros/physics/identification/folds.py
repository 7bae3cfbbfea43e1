# SPDX-License-Identifier: Apache-2.0
"""Which rows are held out together: whole trajectories, or contiguous blocks of few."""

from collections.abc import Sequence, Set

from lstm_dynamics_ros.physics.identification.regressor import Equations
import numpy as np
from numpy.typing import NDArray

GAP = 0.5
"""Time left out beside a held-out block, over which neighbours know of each other [s]."""

FEWEST_TRAJECTORIES = 4
"""With fewer of them contiguous blocks are held out."""

Labels = list[NDArray[np.int64]]
"""Number of the fold of every row, one array per stretch."""


def fold_labels(made: Sequence[Equations], folds: int) -> Labels:
    """Return which fold every row belongs to.

    Trajectories are dealt out whole; if there are few, all rows are cut into contiguous blocks of
    equal length instead.

    Args:
        made: Equations of every stretch.
        folds: How many folds; no more than there are trajectories if these are dealt out.
    """
    names = list(dict.fromkeys(item.name for item in made))
    if len(names) >= FEWEST_TRAJECTORIES:
        return [np.full(len(item), names.index(item.name) % folds) for item in made]
    total = sum(len(item) for item in made)
    labels, before = [], 0
    for item in made:
        labels.append((before + np.arange(len(item))) * folds // total)
        before += len(item)
    return labels


def apart(made: Sequence[Equations], labels: Labels, held: Set[int]) -> list[NDArray[np.bool_]]:
    """Return which rows may be learned from when some folds are held out.

    Args:
        made: Equations of every stretch.
        labels: Fold of every row.
        held: Folds that are held out.
    """
    result = []
    for item, label in zip(made, labels, strict=True):
        inside = np.isin(label, list(held))
        free = ~inside
        if inside.any() and free.any():
            edges = item.time[inside]
            near = np.searchsorted(edges, item.time)
            before = item.time - edges[np.maximum(near - 1, 0)]
            after = edges[np.minimum(near, len(edges) - 1)] - item.time
            free &= ~((np.abs(before) < GAP) | (np.abs(after) < GAP))
        result.append(free)
    return result
