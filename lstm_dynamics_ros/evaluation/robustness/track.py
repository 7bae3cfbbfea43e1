# SPDX-License-Identifier: Apache-2.0
"""A recording without disturbance: what is asked of a model, when, and what is true."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import DataError, TooShortError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps
from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.robustness.streams import as_recorded, place, Placed
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Track:
    """One recording on the grid, with the rows at which an answer is asked."""

    recording: Recording
    placed: Placed
    signals: dict[str, Matrix]
    """What was measured at every grid point, by kind, shape (n_points, n_joints)."""
    rows: NDArray[np.int64]
    """Grid points at which an answer is asked, as rows of the signals, shape (n_rows,)."""
    due_ns: Stamps
    """When each answer is due [ns], shape (n_rows,): half a step after the undisturbed node would
    have given it."""

    @property
    def index(self) -> NDArray[np.int64]:
        """Numbers of the grid points at which an answer is asked, shape (n_rows,)."""
        return self.placed.numbers[self.rows]

    def segment(self, dt: float) -> Segment:
        """Return all grid points as a segment, bridged over what gaps there are.

        Args:
            dt: Step of the grid [s].
        """
        return Segment(
            name=self.recording.name,
            joint_names=self.recording.joint_names,
            joint_types=self.recording.joint_types,
            dt=dt,
            start_index=int(self.placed.numbers[0]),
            filled=np.zeros(len(self.placed.numbers), bool),
            **self.signals,
        )

    def at(self, rows: NDArray[np.int64]) -> 'Track':
        """Return the track with some of its rows only, rising."""
        where = np.searchsorted(self.rows, rows)
        return replace(self, rows=self.rows[where], due_ns=self.due_ns[where])


def tracks(
    recordings: Sequence[Recording],
    card: ModelCard,
    settings: PipelineSettings,
    *,
    horizon: int,
    most: int,
) -> list[Track]:
    """Return recordings as the undisturbed node sees them.

    An answer is asked where the model is warm and nothing is bridged from the oldest point that
    an answer may rest on to the furthest one that it is about.

    Args:
        recordings: What was measured.
        card: Card of the model.
        settings: How the node takes in joint states.
        horizon: How far ahead answers reach [steps].
        most: Most answers that are asked in all, spread evenly; 0 for every row.

    Raises:
        TooShortError: If no recording is long enough.
        DataError: If a signal that the model needs is missing.
    """
    found = []
    for recording in recordings:
        placed = place(as_recorded(recording), card, settings)
        if not placed.points:
            continue
        signals = {k: np.array([getattr(p.state, k) for p in placed.points]) for k in KINDS}
        needed = {s.kind for s in (*card.features, *card.targets)} & set(KINDS)
        for kind in sorted(needed):
            if not np.isfinite(signals[kind]).any():
                raise DataError(f'The model needs {kind}, which {recording.name} does not hold.')
        usable = np.all([np.isfinite(signals[k]).all(axis=1) for k in needed], axis=0)
        usable &= ~np.array([point.filled for point in placed.points])
        rows = _rows(placed, usable, card.washout_steps, settings.max_gap_steps, horizon)
        if len(rows):
            late = nanoseconds(card.dt) // 2
            found.append(
                Track(
                    recording=recording,
                    placed=placed,
                    signals=signals,
                    rows=rows,
                    due_ns=placed.known_ns[rows] + late,
                )
            )
    if not found:
        longest = max((item.duration for item in recordings), default=0.0)
        reach = card.washout_steps + settings.max_gap_steps + horizon + 1
        raise TooShortError(longest, reach * card.dt)
    total = sum(len(track.rows) for track in found)
    return [_spread(track, most / total) if 0 < most < total else track for track in found]


def shortened(recordings: Sequence[Recording], seconds: float) -> list[Recording]:
    """Return the beginnings of recordings, of equal length, together no longer than ``seconds``.

    Args:
        recordings: What was measured.
        seconds: Longest total duration [s].
    """
    rest, share = seconds, {}
    by_length = sorted(range(len(recordings)), key=lambda i: recordings[i].duration)
    for place_in_line, i in enumerate(by_length):
        share[i] = min(recordings[i].duration, rest / (len(recordings) - place_in_line))
        rest -= share[i]
    kept = []
    for i, recording in enumerate(recordings):
        if not len(recording):
            continue
        end = recording.stamp_ns[0] + round(share[i] * NANOSECONDS)
        over = np.flatnonzero(recording.stamp_ns > end)
        kept.append(recording.rows(0, int(over[0]) if len(over) else len(recording)))
    return kept


def _rows(
    placed: Placed, usable: NDArray[np.bool_], washout: int, past: int, ahead: int
) -> NDArray[np.int64]:
    """Return the points with a whole past and future, shape (n,)."""
    if len(placed.points) <= past + ahead:
        return np.empty(0, np.int64)
    starts = np.array([point.restarted for point in placed.points])
    number = np.arange(len(starts))
    since = number - np.maximum.accumulate(np.where(starts, number, 0))
    rows = number[max(past, 1) : len(number) - ahead]
    rows = rows[since[rows] + 1 >= max(washout, 1) + past]
    bad = np.concatenate([[0], np.cumsum(~usable)])
    restarts = np.concatenate([[0], np.cumsum(starts)])
    whole = (bad[rows + ahead + 1] == bad[rows - past]) & (
        restarts[rows + ahead + 1] == restarts[rows + 1]
    )
    return np.asarray(rows[whole], np.int64)


def _spread(track: Track, share: float) -> Track:
    """Return the track with only a share of its rows, evenly spaced, at least one."""
    n = max(1, round(share * len(track.rows)))
    picked = np.linspace(0, len(track.rows) - 1, n).round().astype(int)
    return replace(track, rows=track.rows[picked], due_ns=track.due_ns[picked])
