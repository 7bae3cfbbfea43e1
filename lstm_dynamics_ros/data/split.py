# SPDX-License-Identifier: Apache-2.0
"""Training and held-out data that do not know of each other.

Neighbouring windows of one trajectory are nearly copies, so windows are never split at random:
whole trajectories are held back, and a motion that was made again goes with the first. Of a
single long recording contiguous blocks are, with a gap of one washout before and after, over
which a model that starts there forgets how it started.

An ensemble has one split per member, so that every trajectory is held out from one of them. The
members then differ by what they saw, and the errors on what each did not see are those of a
cross-validation over all the data.
"""

from collections.abc import Sequence
from itertools import pairwise

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import longest, Segment
from lstm_dynamics_ros.signals.time_grid import continuous_joints
import numpy as np
from numpy.typing import NDArray

Fold = tuple[list[Segment], list[Segment]]
"""Training and held-out segments."""

SIMILARITY = 0.95
"""Similarity of two trajectories above which one counts as a copy of the other."""

_ROWS = 500  # of the longest trajectory that are compared; the others are thinned alike
_FEWEST = 10  # rows below which two trajectories are not compared
_MOST_BLOCKS = 4  # held-out blocks of a single recording, for each member
_SHORTEST_BLOCK = 4  # of a held-out block [washouts]

_TRAINING, _HELD_OUT, _GAP = 0, 1, 2


def split(
    segments: Sequence[Segment],
    *,
    validation_fraction: float = 0.2,
    washout_steps: int,
    window_steps: int = 0,
    seed: int = 0,
) -> Fold:
    """Split into training and validation segments.

    Args:
        segments: Segments of one or more trajectories, distinguished by their names.
        validation_fraction: Share of the steps to hold back, between 0 and 1.
        washout_steps: Steps between training and validation blocks of a single recording.
        window_steps: Steps that a validation block of a single recording must have at least; it
            has four washouts anyway.
        seed: Decides which trajectories are held back.

    Returns:
        Training segments and validation segments, in the order they were given.

    Raises:
        ConfigError: If ``validation_fraction`` is not between 0 and 1.
        TooShortError: If a single recording is too short to be split.
    """
    if not 0 < validation_fraction < 1:
        raise ConfigError(
            f'validation_fraction must be between 0 and 1, got {validation_fraction}.'
        )
    if len({segment.name for segment in segments}) > 1:
        groups = near_duplicates(segments)
        return _by_name(segments, _held_back(segments, groups, validation_fraction, seed))
    shortest = max(_SHORTEST_BLOCK * washout_steps, window_steps, 1)
    blocks = _validation_blocks(segments, validation_fraction, washout_steps, shortest)
    return _blocks_apart(segments, blocks, washout_steps)


def folds(
    segments: Sequence[Segment],
    members: int,
    *,
    validation_fraction: float = 0.2,
    washout_steps: int,
    window_steps: int = 0,
    seed: int = 0,
) -> list[Fold]:
    """Split into training and held-out segments once per member of an ensemble.

    Args:
        segments: Segments of one or more trajectories, distinguished by their names.
        members: Number of splits; one is what :func:`split` returns.
        validation_fraction: Share of the steps to hold back, of one member alone; more members
            hold back an equal part each.
        washout_steps: Steps between training and held-out blocks of a single recording.
        window_steps: Steps that a held-out block must have at least.
        seed: Decides which trajectories are held back together.

    Raises:
        ConfigError: If ``members`` is not at least 1.
        TooShortError: If a single recording is too short to be split so often.
    """
    if members < 1:
        raise ConfigError(f'members must be at least 1, got {members}.')
    if members == 1:
        return [
            split(
                segments,
                validation_fraction=validation_fraction,
                washout_steps=washout_steps,
                window_steps=window_steps,
                seed=seed,
            )
        ]
    if len({segment.name for segment in segments}) == 1:
        shortest = max(_SHORTEST_BLOCK * washout_steps, window_steps, 1)
        blocks = _equal_blocks(segments, members, shortest)
        return [_blocks_apart(segments, blocks[k::members], washout_steps) for k in range(members)]
    held = _dealt(segments, near_duplicates(segments), members, seed)
    return [_by_name(segments, out) for out in held]


def _by_name(segments: Sequence[Segment], held: set[str]) -> Fold:
    """Return the segments of other trajectories, and those of the trajectories held out."""
    return (
        [segment for segment in segments if segment.name not in held],
        [segment for segment in segments if segment.name in held],
    )


def _held_back(
    segments: Sequence[Segment], groups: Sequence[tuple[str, ...]], fraction: float, seed: int
) -> set[str]:
    """Return the trajectories for validation: those that come nearest to the fraction.

    Groups of them are drawn at random, and added as long as that brings the held back share
    closer to ``fraction``. At least one is held back and at least one is not.
    """
    steps = _steps_of(segments, groups)
    wanted = fraction * sum(steps)
    order = np.random.default_rng(seed).permutation(len(groups))
    held = set(groups[order[0]])
    total = steps[order[0]]
    for k in order[1:-1]:
        if abs(total + steps[k] - wanted) < abs(total - wanted):
            held |= set(groups[k])
            total += steps[k]
    return held


def _dealt(
    segments: Sequence[Segment], groups: Sequence[tuple[str, ...]], members: int, seed: int
) -> list[set[str]]:
    """Return the trajectories held out from each member, about as many steps for each.

    Groups of near-copies are never torn apart. Longest first, to the member with the least so
    far; ties are broken at random. With fewer groups than members, some share what they do not
    see.
    """
    steps = _steps_of(segments, groups)
    order = np.random.default_rng(seed).permutation(len(groups))
    ranked = sorted(order.tolist(), key=lambda k: -steps[k])
    held: list[set[str]] = [set() for _ in range(min(members, len(groups)))]
    totals = [0] * len(held)
    for k in ranked:
        least = totals.index(min(totals))
        held[least] |= set(groups[k])
        totals[least] += steps[k]
    return [held[k % len(held)] for k in range(members)]


def _steps_of(segments: Sequence[Segment], groups: Sequence[tuple[str, ...]]) -> list[int]:
    """Return the steps of each group of trajectories."""
    return [sum(len(item) for item in segments if item.name in group) for group in groups]


def _validation_blocks(
    segments: Sequence[Segment], fraction: float, washout_steps: int, shortest: int
) -> list[tuple[int, int]]:
    """Return first step and end of the blocks of a single recording held back for validation."""
    total = sum(len(segment) for segment in segments)
    blocks = min(_MOST_BLOCKS, int(fraction * total) // shortest)
    if blocks < 1 or total < 2 * shortest + 2 * washout_steps:
        raise _too_short(segments, max(shortest / fraction, 2 * shortest + 2 * washout_steps))
    size = int(fraction * total) // blocks
    # The blocks end at (k + 1) / blocks of the recording: the last one at its very end, so that
    # every stage of the recording, warming up included, has its share.
    stops = [total * (k + 1) // blocks for k in range(blocks)]
    return [(stop - size, stop) for stop in stops]


def _equal_blocks(
    segments: Sequence[Segment], members: int, shortest: int
) -> list[tuple[int, int]]:
    """Return all of a single recording in blocks that the members hold out in turn."""
    total = sum(len(segment) for segment in segments)
    each = min(_MOST_BLOCKS, total // (shortest * members))
    if each < 1:
        raise _too_short(segments, shortest * members)
    edges = np.linspace(0, total, each * members + 1).astype(int).tolist()
    return list(pairwise(edges))


def _too_short(segments: Sequence[Segment], needed: float) -> TooShortError:
    return TooShortError(longest(segments), needed * (segments[0].dt if segments else 0.0))


def _blocks_apart(
    segments: Sequence[Segment], blocks: Sequence[tuple[int, int]], washout_steps: int
) -> Fold:
    """Hold blocks of a single recording back, with a gap of one washout around each.

    Args:
        segments: All segments of the recording, in order.
        blocks: First step and end of each block in order, counted over all segments.
        washout_steps: Length of the gap [steps].
    """
    labels = np.full(sum(len(segment) for segment in segments), _TRAINING, np.int8)
    for start, stop in blocks:
        labels[max(0, start - washout_steps) : stop + washout_steps] = _GAP
        labels[start:stop] = _HELD_OUT
    return _cut(segments, labels, _TRAINING), _cut(segments, labels, _HELD_OUT)


def _cut(segments: Sequence[Segment], labels: NDArray[np.int8], wanted: int) -> list[Segment]:
    """Return the runs of steps that have the wanted label."""
    found = []
    offset = 0
    for segment in segments:
        inside = np.concatenate(
            [[False], labels[offset : offset + len(segment)] == wanted, [False]]
        )
        starts, stops = np.flatnonzero(np.diff(inside.astype(np.int8))).reshape(-1, 2).T
        found += [segment.rows(int(a), int(b)) for a, b in zip(starts, stops, strict=True)]
        offset += len(segment)
    return found


def near_duplicates(
    segments: Sequence[Segment], *, similarity: float = SIMILARITY
) -> list[tuple[str, ...]]:
    """Return the trajectories in groups of near-copies; most groups have one name.

    A robot that repeats a motion repeats it to a fraction of a degree. A model that has learned
    the one and is judged on the other is judged on its training data.

    The similarity of two trajectories is 2 a.b / (a.a + b.b) of their positions a and b, each
    joint less its mean and in units of its standard deviation over all data, row by row from the
    start to the end of the shorter one: 1 for copies, near 0 for unrelated motions, and less than
    1 for the same motion with another amplitude (L. Lin's concordance correlation coefficient,
    Biometrics 45:255-268, 1989). Copies that begin at another moment are not found.

    Args:
        segments: Segments of one robot, distinguished by the names of their trajectories.
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
        around = continuous_joints(segment.joint_types)
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
