# SPDX-License-Identifier: Apache-2.0
"""What a model answers from a disturbed stream, against the undisturbed measurement.

At every grid point that is asked about, the answer is the one a node could give at that time: it
rests on the newest grid point that it knows. A forward model that knows less looks further ahead;
an inverse model holds its last answer. An answer that would rest on a point older than the longest
gap that the node bridges, or on a memory that is not warm, is none.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from lstm_dynamics_ros.control.base import Prior as MotionPrior
from lstm_dynamics_ros.core.card import PRIOR_KIND
from lstm_dynamics_ros.core.state import Matrix, Reference, Vector
from lstm_dynamics_ros.data.recording import KINDS
from lstm_dynamics_ros.evaluation.metrics import short_error
from lstm_dynamics_ros.evaluation.robustness.streams import follow, Placed, ReplayTrack, Tensor
from lstm_dynamics_ros.evaluation.scores.inverse import Prior, require_prior
from lstm_dynamics_ros.learning.identification.differentiate import padding, smoothed_motion
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.model_inputs import MotionInput, PriorInput
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
from lstm_dynamics_ros.runtime.rollout import roll
from lstm_dynamics_ros.signals.time_grid import continuous_joints, nanoseconds
import numpy as np
from numpy.typing import NDArray

BATCH = 1024
"""Free runs made at once; bounds the memory."""

CUTOFF = 12.0
"""Cut-off of the zero-phase low-pass of motion and effort, as in training [Hz]."""


class Channel(NamedTuple):
    """A signal at a horizon, whose error is measured."""

    kind: str
    """Signal that is predicted."""
    ahead: int
    """How far ahead [steps]."""

    @property
    def label(self) -> str:
        """Name in tables and JSON, e.g. ``velocity+50``."""
        return f'{self.kind}+{self.ahead}' if self.ahead else self.kind


class Answered(NamedTuple):
    """The errors on one stream of one track."""

    errors: dict[str, Matrix]
    """By channel: answer minus truth, shape (n_rows, n_joints); NaN where there is no answer."""
    age: NDArray[np.int64]
    """How many steps older than asked the newest known point is, shape (n_rows,)."""
    restarts: int
    """How often the model had to forget the past."""
    not_finite: int
    """Points without a finite prediction."""


class Moments(NamedTuple):
    """Moments at which a model answers, n of them."""

    track: ReplayTrack
    """What is true."""
    rows: NDArray[np.int64]
    """Rows of the track that are answered, shape (n,)."""
    age: NDArray[np.int64]
    """Age of the point that each answer rests on [steps], shape (n,)."""
    predicted: Matrix
    """What the model predicted at that point, shape (n, n_targets)."""
    states: Sequence[Tensor]
    """Its hidden states after that point, each (n_layers, n, n_hidden); empty unless the subject
    runs on."""


class Subject(ABC):
    """A model under test, and what is asked of it.

    Args:
        loaded: The model.
        max_age: Oldest point that an answer may rest on [steps].
    """

    channels: tuple[Channel, ...]
    runs_on: ClassVar[bool]
    """Whether answers go on from the hidden state, further than the model's own step."""
    measured: ClassVar[tuple[str, ...]] = KINDS
    """Features that follow from what is measured, by kind."""

    def __init__(self, loaded: LoadedModel, max_age: int) -> None:
        self.loaded = loaded
        self.max_age = max_age
        card = loaded.card
        self._rigid_body = (
            RigidBodyPrior.from_description(card.physics_prior or {}, card.joint_names)
            if card.columns(PRIOR_KIND) is not None
            else None
        )

    @property
    def horizon(self) -> int:
        """How far ahead the answers reach [steps]."""
        return max(channel.ahead for channel in self.channels)

    def truth(self, track: ReplayTrack, channel: Channel) -> Matrix:
        """Return what an answer is compared with, shape (n_rows, n_joints)."""
        return track.signals[channel.kind][track.rows + channel.ahead]

    def observations(self, track: ReplayTrack, stream: Placed) -> list[Vector] | None:  # noqa: ARG002
        """Return what the model sees at every point of a stream, shape (n_points, n_features).

        None where that is the state at the point alone.
        """
        if self._rigid_body is None:
            return None
        made = PriorInput(self.loaded.card, self._rigid_body)
        seen = []
        for point in stream.points:
            if point.restarted:
                made.reset()
            seen.append(made.observe(point.state).copy())
        return seen

    def seen(self, track: ReplayTrack) -> Tensor:
        """Return what the model sees of the undisturbed track, shape (n_points, n_features)."""
        made = self.observations(track, track.placed)
        if made is not None:
            return np.array(made, np.float32)
        card = self.loaded.card
        blocks = [track.signals[signal.kind] for signal in card.features[:: card.n_joints]]
        return np.hstack(blocks).astype(np.float32)

    @abstractmethod
    def answers(self, asked: Moments) -> dict[str, Matrix]:
        """Return the answers by channel, shape (n, n_joints)."""

    def ask(self, track: ReplayTrack, streams: Sequence[Placed]) -> list[Answered]:
        """Return what the model makes of several streams of one recording."""
        index = track.index
        newest = [stream.newest(index, track.due_ns) for stream in streams]
        keep = [np.unique(rows[(rows >= 0) & self.runs_on]) for rows in newest]
        made = [self.observations(track, stream) for stream in streams]
        apart = [rows for rows in made if rows is not None] or None
        followed = follow(self.loaded, streams, keep, apart)
        found, types = [], self.loaded.card.joint_types
        for stream, rows, kept, seen in zip(streams, newest, keep, followed, strict=True):
            age = np.where(
                rows >= 0, index - stream.numbers[np.maximum(rows, 0)], np.iinfo(int).max
            )
            good = (rows >= 0) & (age <= self.max_age)
            finite = np.isfinite(seen.predicted[rows[good]]).all(axis=1)
            good[good] = seen.warm[rows[good]] & finite
            errors = {
                c.label: np.full((len(rows), self.loaded.card.n_joints), np.nan)
                for c in self.channels
            }
            if good.any():
                points = np.searchsorted(kept, rows[good])
                states = [part[:, points] for part in seen.states] if self.runs_on else []
                answers = self.answers(
                    Moments(track, track.rows[good], age[good], seen.predicted[rows[good]], states)
                )
                for channel in self.channels:
                    off = answers[channel.label] - self.truth(track, channel)[good]
                    errors[channel.label][good] = short_error(channel.kind, off, types)
            restarts = sum(point.restarted for point in stream.points) - 1
            found.append(Answered(errors, age, max(restarts, 0), seen.not_finite))
        return found


class ForwardSubject(Subject):
    """A forward model: the next step, and a free run with the effort that was really there."""

    runs_on = True

    def __init__(self, loaded: LoadedModel, max_age: int, horizon: int) -> None:
        super().__init__(loaded, max_age)
        kinds = [k for k in ('position', 'velocity') if loaded.card.columns(k, of='targets')]
        self.channels = tuple(Channel(k, h) for h in sorted({1, horizon}) for k in kinds)

    def answers(self, asked: Moments) -> dict[str, Matrix]:
        """See the base class."""
        card = self.loaded.card
        parts: dict[str, list[Matrix]] = {channel.label: [] for channel in self.channels}
        effort = asked.track.signals['effort']
        for first in range(0, len(asked.rows), BATCH):
            some = slice(first, first + BATCH)
            late = asked.age[some]
            start = asked.rows[some] - late
            steps = self.horizon + int(late.max())
            step = OnnxStep(self.loaded, len(start))
            step.state = [part[:, some] for part in asked.states]
            ahead = start[None] + np.arange(1, steps)[:, None]
            known = effort[np.minimum(ahead, len(effort) - 1)]
            newest = asked.predicted[some].astype(np.float32)
            run = roll(step, steps, effort=known, first=newest)
            for channel in self.channels:
                columns = card.columns(channel.kind, of='targets')
                picked = run[channel.ahead - 1 + late, np.arange(len(start))]
                parts[channel.label].append(picked[:, columns].astype(np.float64))
        return {label: np.concatenate(blocks) for label, blocks in parts.items()}


class EffortSubject(Subject):
    """A model that predicts the effort of one moment; its last answer is held, however old."""

    runs_on = False
    channels = (Channel('effort', 0),)

    def answers(self, asked: Moments) -> dict[str, Matrix]:
        """See the base class."""
        return {self.channels[0].label: asked.predicted}


class InverseSubject(EffortSubject):
    """An inverse model: the effort that goes with the motion of the moment.

    Of a residual inverse model the residual is scored; what its rigid-body prior makes of the same
    disturbance is not part of the figure.

    Args:
        loaded: The model.
        max_age: Oldest point that an answer may rest on [steps].
        prior: Rigid-body effort, for a residual model.

    Raises:
        ConfigError: If it is a residual one without its prior.
    """

    def __init__(self, loaded: LoadedModel, max_age: int, prior: Prior | None = None) -> None:
        super().__init__(loaded, max_age)
        require_prior(loaded.card, prior, 'measure its robustness')
        self._prior = prior
        self._known: dict[str, Matrix] = {}

    def truth(self, track: ReplayTrack, channel: Channel) -> Matrix:
        """See the base class."""
        measured = super().truth(track, channel)
        if self._prior is None:
            return measured
        name = track.recording.name
        if name not in self._known:
            self._known[name] = self._prior(track.segment(self.loaded.card.dt))
        return measured - self._known[name][track.rows]


class MotionSubject(EffortSubject):
    """An inverse model for control: the effort beyond the prior, one latency ahead.

    The motion that is asked about is what the robot will do one latency later, as training has it:
    through a zero-phase filter. It is the reference and cannot be disturbed. The disturbance of
    the messages goes into what the node measures: the low-passed effort beyond the rigid-body
    prior.

    Args:
        loaded: A model that is asked about whole motions.
        max_age: Oldest point that an answer may rest on [steps].
        prior: Rigid-body prior of the card; None if it has none.

    Raises:
        ConfigError: If the card has a prior and none is given.
    """

    measured = ('disturbance',)

    def __init__(self, loaded: LoadedModel, max_age: int, prior: MotionPrior | None) -> None:
        super().__init__(loaded, max_age)
        self._prior = prior
        self._known: dict[str, tuple[Matrix, ...]] = {}
        self._input()  # refuses a missing prior at once

    @property
    def horizon(self) -> int:
        """See the base class."""
        return self.loaded.card.latency_steps

    def truth(self, track: ReplayTrack, channel: Channel) -> Matrix:
        """See the base class."""
        del channel  # There is only one.
        return self._motion(track)[3][track.rows + self.horizon]

    def observations(self, track: ReplayTrack, stream: Placed) -> list[Vector]:
        """See the base class."""
        made, clean = self._input(), self._motion(track)
        stamp_ns = nanoseconds(self.loaded.card.dt)
        rows = np.searchsorted(track.placed.numbers, stream.numbers + self.horizon)
        rows = np.minimum(rows, len(track.placed.numbers) - 1)
        there = track.placed.numbers[rows] == stream.numbers + self.horizon
        seen = []
        for point, row, known in zip(stream.points, rows.tolist(), there.tolist(), strict=True):
            if point.restarted:
                made.reset()
            motion = [part[row] for part in clean[:3]]
            preview = None
            if known and np.isfinite(motion).all():
                preview = Reference((point.index + self.horizon) * stamp_ns, *motion)
            seen.append(made.observe(point.state, preview).copy())
        return seen

    def _input(self) -> MotionInput:
        card = self.loaded.card
        return MotionInput(card, self._prior, card.latency_steps * nanoseconds(card.dt))

    def _motion(self, track: ReplayTrack) -> tuple[Matrix, ...]:
        """Return position, velocity, acceleration and effort beyond the prior, filtered.

        Each has shape (n_points, n_joints), with NaN in stretches too short for the filter.
        """
        name = track.recording.name
        if name not in self._known:
            made = [np.full_like(track.signals['position'], np.nan) for _ in range(4)]
            starts = [i for i, point in enumerate(track.placed.points) if point.restarted]
            for first, last in zip(starts, [*starts[1:], len(track.placed.points)], strict=True):
                if last - first > padding():
                    part = slice(first, last)
                    for rows, found in zip(made, self._stretch(track, part), strict=True):
                        rows[part] = found
            self._known[name] = tuple(made)
        return self._known[name]

    def _stretch(self, track: ReplayTrack, part: slice) -> tuple[Matrix, ...]:
        """Return what :meth:`_motion` makes of rows without a gap."""
        card = self.loaded.card
        wraps = continuous_joints(card.joint_types)
        motion = smoothed_motion(
            track.signals['position'][part], card.dt, CUTOFF, continuous=wraps
        )
        (effort,) = smoothed_motion(track.signals['effort'][part], card.dt, CUTOFF, order=0)
        if self._prior is not None:
            rows = zip(*motion, strict=True)
            effort = effort - np.array([self._prior.torque(*row) for row in rows])
        return (*motion, effort)
