# SPDX-License-Identifier: Apache-2.0
"""Cuts training data into parts: a linear baseline is judged on each, fitted to the others."""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import folds, near_duplicates

MOST_PARTS = 5
"""Parts at most; near-copies of one motion are never torn apart."""


class Part(NamedTuple):
    """What is left out together."""

    fitted: list[Segment]
    """Rows that join the fit whenever another part is left out."""
    judged: list[Segment]
    """Those of them that are judged: all, or of a single recording those far enough from the
    other parts."""


def parts_of(segments: Sequence[Segment], *, gap_steps: int, window_steps: int) -> list[Part]:
    """Return training data in parts by motions; of a single recording in blocks.

    Args:
        segments: Training data.
        gap_steps: Rows next to another block that are not judged.
        window_steps: Rows that must be left of a block.

    Returns:
        Parts that make up all of the data; one if the data is too short to be cut.
    """
    motions = len(near_duplicates(segments))
    try:
        held_out = [
            held
            for _, held in folds(
                segments,
                MOST_PARTS if motions == 1 else min(MOST_PARTS, motions),
                washout_steps=gap_steps,
                window_steps=2 * gap_steps + window_steps,
            )
        ]
    except TooShortError:
        return [Part(list(segments), [])]
    if motions > 1:
        return [Part(held, held) for held in held_out]
    return [
        Part(held, [s.rows(gap_steps, len(s) - gap_steps) for s in held if len(s) > 2 * gap_steps])
        for held in held_out
    ]
