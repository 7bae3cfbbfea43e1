# SPDX-License-Identifier: Apache-2.0
"""Training and validation data that do not know of each other.

Neighbouring windows of one trajectory are nearly copies, so windows are never split at random:
whole trajectories are held back, and a motion that was made again goes with the first. Of a
single long recording contiguous blocks are, with a gap of one washout before and after, over
which a model that starts there forgets how it started.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.data.near_duplicates import near_duplicates
from lstm_dynamics_ros.data.segment import longest, Segment
import numpy as np
from numpy.typing import NDArray

_MOST_BLOCKS = 4  # validation blocks of a single recording
_SHORTEST_BLOCK = 4  # of a validation block [washouts]

_TRAINING, _VALIDATION, _GAP = 0, 1, 2


def split(
    segments: Sequence[Segment],
    *,
    validation_fraction: float = 0.2,
    washout_steps: int,
    window_steps: int = 0,
    seed: int = 0,
) -> tuple[list[Segment], list[Segment]]:
    """Split into training and validation segments.

    Args:
        segments: Segments of one or more trajectories, told apart by their names.
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
    names = list(dict.fromkeys(segment.name for segment in segments))
    if len(names) > 1:
        held = _held_back(segments, near_duplicates(segments), validation_fraction, seed)
        training = [segment for segment in segments if segment.name not in held]
        return training, [segment for segment in segments if segment.name in held]
    shortest = max(_SHORTEST_BLOCK * washout_steps, window_steps, 1)
    labels = _labels(segments, validation_fraction, washout_steps, shortest)
    return _cut(segments, labels, _TRAINING), _cut(segments, labels, _VALIDATION)


def blocks_apart(
    segments: Sequence[Segment], blocks: Sequence[tuple[int, int]], washout_steps: int
) -> tuple[list[Segment], list[Segment]]:
    """Hold blocks of a single recording back, with a gap of one washout around each.

    Args:
        segments: All segments of the recording, in order.
        blocks: First step and end of each block, counted over all segments.
        washout_steps: Length of the gap [steps].
    """
    labels = np.full(sum(len(segment) for segment in segments), _TRAINING, np.int8)
    for start, stop in blocks:
        labels[max(0, start - washout_steps) : stop + washout_steps] = _GAP
    for start, stop in blocks:
        labels[start:stop] = _VALIDATION
    return _cut(segments, labels, _TRAINING), _cut(segments, labels, _VALIDATION)


def _held_back(
    segments: Sequence[Segment], groups: Sequence[tuple[str, ...]], fraction: float, seed: int
) -> set[str]:
    """Return the trajectories for validation: those that come nearest to the fraction.

    Groups of them are drawn at random, and added as long as that brings the held back share
    closer to ``fraction``. At least one is held back and at least one is not.
    """
    steps = steps_of(segments, groups)
    wanted = fraction * sum(steps)
    order = np.random.default_rng(seed).permutation(len(groups))
    held = set(groups[order[0]])
    total = steps[order[0]]
    for k in order[1:-1]:
        if abs(total + steps[k] - wanted) < abs(total - wanted):
            held |= set(groups[k])
            total += steps[k]
    return held


def steps_of(segments: Sequence[Segment], groups: Sequence[tuple[str, ...]]) -> list[int]:
    """Return the steps of each group of trajectories."""
    return [sum(len(item) for item in segments if item.name in group) for group in groups]


def _labels(
    segments: Sequence[Segment], fraction: float, washout_steps: int, shortest: int
) -> NDArray[np.int8]:
    """Return what each step of a single recording is for, all segments one after the other."""
    total = sum(len(segment) for segment in segments)
    blocks = min(_MOST_BLOCKS, int(fraction * total) // shortest)
    if blocks < 1 or total < 2 * shortest + 2 * washout_steps:
        needed = max(shortest / fraction, 2 * shortest + 2 * washout_steps)
        dt = segments[0].dt if segments else 0.0
        raise TooShortError(longest(segments), needed * dt)
    labels = np.full(total, _TRAINING, np.int8)
    size = int(fraction * total) // blocks
    for k in range(blocks):
        # The blocks end at (k + 1) / blocks of the recording: the last one at its very end, so
        # that every stage of the recording, warming up included, has its share.
        stop = total * (k + 1) // blocks
        labels[max(0, stop - size - washout_steps) : stop + washout_steps] = _GAP
        labels[stop - size : stop] = _VALIDATION
    return labels


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
