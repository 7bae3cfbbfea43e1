# SPDX-License-Identifier: Apache-2.0
"""Streams of joint states as the node takes them in, and what a model predicts from them.

Messages go through the node's own intake and are known when they come. Several streams of one
recording are followed side by side, one model call per grid point.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import DataError, TooShortError
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, RawSample, Stamps, Vector
from lstm_dynamics_ros.data.recording import KINDS, Recording
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.pipeline.state_input import StateInput
from lstm_dynamics_ros.runtime.fleet import Fleet
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.signals.time_grid import GridPoint, nanoseconds
import numpy as np
from numpy.typing import NDArray


class Messages(NamedTuple):
    """Joint states in the order in which they reach the node."""

    recording: Recording
    """Values and header stamps, in the order of arrival."""
    arrival_ns: Stamps
    """When each arrives [ns], shape (n_messages,), never falling."""


class Placed(NamedTuple):
    """The grid points that messages complete."""

    points: list[GridPoint]
    """In the order they are completed; their index rises."""
    numbers: NDArray[np.int64]
    """Number of each point, shape (n_points,)."""
    known_ns: Stamps
    """When the message came that completed it [ns], shape (n_points,)."""

    def newest(self, index: NDArray[np.int64], due_ns: Stamps) -> NDArray[np.int64]:
        """Return the newest point that is known in time and not later than asked.

        Args:
            index: Number of the grid points asked for, shape (n,).
            due_ns: When an answer is due [ns], shape (n,).

        Returns:
            Places in :attr:`points`, shape (n,); -1 where nothing is known yet.
        """
        by_time = np.searchsorted(self.known_ns, due_ns, side='right')
        by_index = np.searchsorted(self.numbers, index, side='right')
        return np.asarray(np.minimum(by_time, by_index) - 1, np.int64)


def as_recorded(recording: Recording) -> Messages:
    """Return the messages of a recording, each arriving at its stamp."""
    return Messages(recording, recording.stamp_ns)


def place(messages: Messages, card: ModelCard, settings: PipelineSettings) -> Placed:
    """Put messages on the model's time grid with the state input of the node.

    A clock that is set back would give a grid point twice; only the part before it is used.
    """
    taken = StateInput(card, settings)
    points: list[GridPoint] = []
    known: list[int] = []
    source = messages.recording
    signals = (source.position, source.velocity, source.effort)
    rows = zip(source.stamp_ns.tolist(), *signals, messages.arrival_ns.tolist(), strict=True)
    for stamp_ns, position, velocity, effort, arrival_ns in rows:
        done = taken.place(RawSample(stamp_ns, source.joint_names, position, velocity, effort))
        if done and points and done[0].index < points[-1].index:
            break
        if done and points and done[0].index == points[-1].index:
            done = done[1:]  # A jump that was believed starts the grid anew within one step.
        points += done
        known += [arrival_ns] * len(done)
    numbers = np.array([point.index for point in points], np.int64)
    return Placed(points, numbers, np.array(known, np.int64))


Tensor = NDArray[np.float32]


class Followed(NamedTuple):
    """What a model made of one stream; rows are the points of its :class:`Placed`."""

    predicted: Matrix
    """Prediction after each point, shape (n_points, n_targets); NaN where it has none."""
    warm: NDArray[np.bool_]
    """Whether it had seen enough for the prediction to mean something, shape (n_points,)."""
    states: tuple[Tensor, ...]
    """Hidden states after the points asked for, each (n_layers, n_asked, n_hidden)."""
    not_finite: int
    """Points at which the model had no finite prediction, or forgot what it could not believe."""


def follow(
    loaded: LoadedModel,
    streams: Sequence[Placed],
    keep: Sequence[NDArray[np.int64]],
    seen: Sequence[Sequence[Vector]] | None = None,
) -> list[Followed]:
    """Take every stream through the model, as the node would.

    Args:
        loaded: The model.
        streams: What is known of each, on one time grid.
        keep: Points of each stream after which the hidden state is wanted, rising.
        seen: What the model sees at every point of each, shape (n_points, n_features), if that is
            not the state alone.
    """
    fleet = Fleet(loaded, len(streams))
    card = loaded.card
    predicted = [np.full((len(s.points), len(card.targets)), np.nan) for s in streams]
    warm = [np.zeros(len(s.points), bool) for s in streams]
    shape = (card.num_layers, card.hidden_size)
    states = [
        tuple(np.zeros((shape[0], len(rows), shape[1]), np.float32) for _ in card.state_names)
        for rows in keep
    ]
    kept = [0] * len(streams)
    at = [0] * len(streams)
    first = min(int(s.numbers[0]) for s in streams if s.points)
    last = max(int(s.numbers[-1]) for s in streams if s.points)
    for index in range(first, last + 1):
        now = [
            s.points[i] if i < len(s.points) and s.numbers[i] == index else None
            for s, i in zip(streams, at, strict=True)
        ]
        rows_now = None
        if seen is not None:
            rows_now = [
                rows[i] if point is not None else None
                for rows, i, point in zip(seen, at, now, strict=True)
            ]
        predictions = fleet.update(now, rows_now)
        ready = fleet.warm
        for number, point in enumerate(now):
            if point is None:
                continue
            row = at[number]
            predicted[number][row] = predictions[number]
            warm[number][row] = ready[number]
            if kept[number] < len(keep[number]) and keep[number][kept[number]] == row:
                for mine, theirs in zip(states[number], fleet.buffers, strict=True):
                    mine[:, kept[number]] = theirs[:, number]
                kept[number] += 1
            at[number] += 1
    lost = [int((~np.isfinite(rows).all(axis=1)).sum()) for rows in predicted]
    return [Followed(*parts) for parts in zip(predicted, warm, states, lost, strict=True)]


@dataclass(frozen=True, kw_only=True)
class ReplayTrack:
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

    def at(self, rows: NDArray[np.int64]) -> 'ReplayTrack':
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
) -> list[ReplayTrack]:
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
                ReplayTrack(
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


def _spread(track: ReplayTrack, share: float) -> ReplayTrack:
    """Return the track with only a share of its rows, evenly spaced, at least one."""
    n = max(1, round(share * len(track.rows)))
    picked = np.linspace(0, len(track.rows) - 1, n).round().astype(int)
    return replace(track, rows=track.rows[picked], due_ns=track.due_ns[picked])
