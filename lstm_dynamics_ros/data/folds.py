# SPDX-License-Identifier: Apache-2.0
"""One split per member of an ensemble, so that every trajectory is held out from one of them.

The members then differ by what they saw, and the errors on what each did not see are those of a
cross-validation over all the data.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.data.near_duplicates import near_duplicates
from lstm_dynamics_ros.data.segment import longest, Segment
from lstm_dynamics_ros.data.split import blocks_apart, split, steps_of
import numpy as np

Fold = tuple[list[Segment], list[Segment]]
"""Training and held-out segments of one member."""

_MOST_BLOCKS = 4  # held-out blocks per member of a single recording


def folds(
    segments: Sequence[Segment],
    members: int,
    *,
    validation_fraction: float = 0.2,
    washout_steps: int,
    window_steps: int = 0,
    seed: int = 0,
) -> list[Fold]:
    """Split into training and held-out segments once per member.

    Args:
        segments: Segments of one or more trajectories, told apart by their names.
        members: Number of splits; one is what :func:`.split.split` returns.
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
    names = list(dict.fromkeys(segment.name for segment in segments))
    if len(names) == 1:
        return _blocks(segments, members, washout_steps, max(4 * washout_steps, window_steps, 1))
    held = _dealt(segments, near_duplicates(segments), members, seed)
    return [
        (
            [segment for segment in segments if segment.name not in out],
            [segment for segment in segments if segment.name in out],
        )
        for out in held
    ]


def _dealt(
    segments: Sequence[Segment], groups: Sequence[tuple[str, ...]], members: int, seed: int
) -> list[set[str]]:
    """Return the trajectories held out from each member, about as many steps for each.

    Groups of near-copies are never torn apart. Longest first, to the member with the least so
    far; ties are broken at random. With fewer groups than members, some share what they do not
    see.
    """
    steps = steps_of(segments, groups)
    order = np.random.default_rng(seed).permutation(len(groups))
    ranked = sorted(order.tolist(), key=lambda k: -steps[k])
    held: list[set[str]] = [set() for _ in range(min(members, len(groups)))]
    totals = [0] * len(held)
    for k in ranked:
        least = totals.index(min(totals))
        held[least] |= set(groups[k])
        totals[least] += steps[k]
    return [held[k % len(held)] for k in range(members)]


def _blocks(
    segments: Sequence[Segment], members: int, washout_steps: int, shortest: int
) -> list[Fold]:
    """Return splits of a single recording into blocks that the members hold out in turn."""
    total = sum(len(segment) for segment in segments)
    each = min(_MOST_BLOCKS, total // (shortest * members))
    if each < 1:
        dt = segments[0].dt if segments else 0.0
        raise TooShortError(longest(segments), shortest * members * dt)
    edges = np.linspace(0, total, each * members + 1).astype(int)
    blocks = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    return [blocks_apart(segments, blocks[k::members], washout_steps) for k in range(members)]
