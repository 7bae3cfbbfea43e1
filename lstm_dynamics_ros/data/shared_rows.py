# SPDX-License-Identifier: Apache-2.0
"""What several selections of the same data have in common."""

from collections.abc import Sequence

from lstm_dynamics_ros.data.segment import Segment
import numpy as np
from numpy.typing import NDArray


def shared_rows(
    segments: Sequence[Segment], selections: Sequence[Sequence[Segment]]
) -> list[Segment]:
    """Return the stretches of segments whose rows are in every selection.

    Args:
        segments: All data.
        selections: Parts of it, each segments of the same trajectories cut anywhere.
    """
    result = []
    for segment in segments:
        kept = np.ones(len(segment), bool)
        for selection in selections:
            kept &= _inside(segment, selection)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], kept, [False]]).astype(np.int8)))
        starts, stops = edges.reshape(-1, 2).T.tolist()
        result += [segment.rows(a, b) for a, b in zip(starts, stops, strict=True)]
    return result


def _inside(segment: Segment, selection: Sequence[Segment]) -> NDArray[np.bool_]:
    """Return which rows of a segment are in a selection."""
    kept = np.zeros(len(segment), bool)
    for part in selection:
        if part.name == segment.name:
            first = part.start_index - segment.start_index
            kept[max(first, 0) : max(first + len(part), 0)] = True
    return kept
