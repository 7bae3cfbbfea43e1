# SPDX-License-Identifier: Apache-2.0
"""Windows of equal length over segments, gathered into batches with time first."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import ConfigError, DataError, TooShortError
from lstm_dynamics_ros.data.recording import KINDS
from lstm_dynamics_ros.data.segment import Segment
import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]
"""Windows side by side, shape (n_steps, n_windows, width)."""


class Windows:
    """All windows of one length over some segments.

    A row holds one block per kind, in the order of ``kinds``, of all joints in their order: for
    all three kinds the input of a model. Windows with a missing value are left out.

    Args:
        segments: Where to take windows from, all of the same joints and dt.
        length: Length of a window [steps].
        stride: Distance between the starts of neighbouring windows [steps]. The last window of a
            segment ends at its last row, so none of its rows is wasted.
        kinds: Which signals a row holds, of position, velocity and effort.

    Raises:
        TooShortError: If no segment is as long as a window.
        DataError: If every window has a missing value.
    """

    def __init__(
        self,
        segments: Sequence[Segment],
        length: int,
        *,
        stride: int = 1,
        kinds: Sequence[str] = KINDS,
    ) -> None:
        if length < 1 or stride < 1:
            raise ConfigError(f'length and stride must be >= 1, got {length} and {stride}.')
        self.segments = tuple(segments)
        self.length = length
        self.kinds = tuple(kinds)
        dt = segments[0].dt if segments else 0.0
        self.longest = max((len(segment) for segment in segments), default=0)
        """Length of the longest segment [steps]."""
        if self.longest < length:
            raise TooShortError(self.longest * dt, length * dt)
        width = sum(getattr(segments[0], kind).shape[1] for kind in self.kinds)
        self.rows: Batch = np.empty((sum(map(len, segments)), width), np.float32)
        """All segments one after the other, shape (n_rows, width)."""
        found = []
        offset = 0
        for number, segment in enumerate(segments):
            parts = [getattr(segment, kind) for kind in self.kinds]
            np.concatenate(parts, axis=1, out=self.rows[offset : offset + len(segment)])
            starts = _starts(len(segment), length, stride)
            found.append(np.stack([np.full_like(starts, number), starts, starts + offset], axis=1))
            offset += len(segment)
        places = np.concatenate(found)
        missing = np.concatenate([[0], np.cumsum(np.isnan(self.rows).any(axis=1))])
        places = places[missing[places[:, 2] + length] == missing[places[:, 2]]]
        if not len(places):
            raise DataError(self._missing())
        self.index: NDArray[np.int64] = places[:, :2]
        """Segment number and first row of every window, shape (n_windows, 2)."""
        self._first = places[:, 2]

    def __len__(self) -> int:
        return len(self._first)

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return int(self.rows.shape[1])

    def gather(self, which: NDArray[np.int64] | Sequence[int]) -> Batch:
        """Return windows side by side, shape (length, n_windows, width)."""
        first = self._first[np.asarray(which, np.int64)]
        batch: Batch = self.rows[first[None, :] + np.arange(self.length)[:, None]]
        return batch

    def _missing(self) -> str:
        """Return which signals keep every window from being used."""
        parts = []
        for kind in self.kinds:
            values = np.concatenate([getattr(segment, kind) for segment in self.segments])
            names = np.array(self.segments[0].joint_names)[np.isnan(values).any(axis=0)]
            if len(names):
                parts.append(f'{kind} of {", ".join(names)}')
        return (
            f'No window of {self.length} steps is free of missing values: {"; ".join(parts)}. '
            'Record these signals, derive the velocity, or leave them out of the features.'
        )


def _starts(rows: int, length: int, stride: int) -> NDArray[np.int64]:
    """Return the first rows of the windows over a segment."""
    if rows < length:
        return np.empty(0, np.int64)
    starts = np.arange(0, rows - length + 1, stride, dtype=np.int64)
    last = rows - length
    return starts if starts[-1] == last else np.append(starts, last)
