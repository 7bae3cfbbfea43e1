# SPDX-License-Identifier: Apache-2.0
"""Which trajectories are the same motion made again, so that they are held out together.

A robot that repeats a motion repeats it to a fraction of a degree. A model that has learned the
one and is judged on the other is judged on its training data.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
import numpy as np

SIMILARITY = 0.95
"""Similarity of two trajectories above which one counts as a copy of the other."""

_ROWS = 500  # of the longest trajectory that are compared; the others are thinned alike
_FEWEST = 10  # rows below which two trajectories are not compared


def near_duplicates(
    segments: Sequence[Segment], *, similarity: float = SIMILARITY
) -> list[tuple[str, ...]]:
    """Return the trajectories in groups of near-copies; most groups have one name.

    The similarity of two trajectories is 2 a.b / (a.a + b.b) of their positions a and b, each
    joint less its mean and in units of its standard deviation over all data, row by row from the
    start to the end of the shorter one: 1 for copies, near 0 for unrelated motions, and less than
    1 for the same motion with another amplitude (L. Lin's concordance correlation coefficient,
    Biometrics 45:255-268, 1989). Copies that begin at another moment are not found.

    Args:
        segments: Segments of one robot, told apart by the names of their trajectories.
        similarity: What is above this is a copy.

    Returns:
        The names, groups and names in the order of their first segment. All names for
        themselves if one group would hold more than half of them, because such data can only be
        split between copies.
    """
    rows = _rows(segments)
    names = list(rows)
    group = list(range(len(names)))
    for i in range(len(names)):
        for j in range(i):
            if group[i] != group[j] and _similarity(rows[names[i]], rows[names[j]]) > similarity:
                old, new = max(group[i], group[j]), min(group[i], group[j])
                group = [new if number == old else number for number in group]
    if 2 * max((group.count(number) for number in group), default=0) > len(names):
        return [(name,) for name in names]
    return [
        tuple(name for name, number in zip(names, group, strict=True) if number == which)
        for which in dict.fromkeys(group)
    ]


def _rows(segments: Sequence[Segment]) -> dict[str, Matrix]:
    """Return the thinned, standardised positions of every trajectory, by name."""
    found: dict[str, list[Matrix]] = {}
    for segment in segments:
        around = np.array([kind == 'continuous' for kind in segment.joint_types])
        q = segment.position
        signals = np.hstack([q[:, ~around], np.cos(q[:, around]), np.sin(q[:, around])])
        found.setdefault(segment.name, []).append(signals)
    whole = {name: np.vstack(parts) for name, parts in found.items()}
    stride = max(1, max((len(rows) for rows in whole.values()), default=0) // _ROWS)
    thinned = {name: rows[::stride] for name, rows in whole.items()}
    if not thinned:
        return {}
    every = np.vstack(list(thinned.values()))
    every = every[np.isfinite(every).all(axis=1)]
    if not len(every):
        return thinned
    mean, std = every.mean(axis=0), every.std(axis=0)
    std[std < 1e-9] = np.inf  # joints that do not move say nothing
    return {name: (rows - mean) / std for name, rows in thinned.items()}


def _similarity(one: Matrix, other: Matrix) -> float:
    """Return the similarity of two trajectories over the shorter of them."""
    n = min(len(one), len(other))
    a, b = one[:n], other[:n]
    finite = np.isfinite(a).all(axis=1) & np.isfinite(b).all(axis=1)
    if np.count_nonzero(finite) < _FEWEST:
        return 0.0
    a, b = a[finite], b[finite]
    power = float((a * a).sum() + (b * b).sum())
    return 2 * float((a * b).sum()) / power if power > 0 else 0.0
