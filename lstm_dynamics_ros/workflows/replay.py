# SPDX-License-Identifier: Apache-2.0
"""Replaying a recording as the node would have seen it: every tick, as arrays or as a bag."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, RawSample
from lstm_dynamics_ros.data.bags.messages import joint_state
from lstm_dynamics_ros.data.bags.reader import iterate, topics
from lstm_dynamics_ros.data.bags.writer import BagWriter
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.reports.replay_result import for_stamps, ReplayResult
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.evaluation.scores.result import Scores
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, Step
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import as_loaded, LoadedModel
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.workflows.listener import Listener, listener_of
import numpy as np

JOINT_STATE = 'sensor_msgs/msg/JointState'

HORIZONS = (1, 10, 50)
"""Horizons that are kept [steps]."""


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """All ticks of a recording."""

    name: str
    loaded: LoadedModel
    horizons: tuple[int, ...]
    ticks: list[Step]
    counters: Mapping[str, int]

    @property
    def duration(self) -> float:
        """Time from the first to the last tick [s]."""
        return (self.ticks[-1].stamp_ns - self.ticks[0].stamp_ns) / NANOSECONDS

    def result(
        self,
        *,
        scores: tuple[Scores, ...] = (),
        inverse: ProtocolResult | None = None,
        facts: Mapping[str, str] | None = None,
    ) -> ReplayResult:
        """Return what the report shows."""
        card = self.loaded.card
        stamps = np.array([tick.stamp_ns for tick in self.ticks])
        predicted = {}
        for kind in ('position', 'velocity', 'effort'):
            if card.columns(kind, of='targets') is None:
                continue
            if card.model_kind == 'forward':
                ahead = np.array([self._ahead(tick, kind) for tick in self.ticks])
                predicted[kind] = for_stamps(stamps, ahead, self.horizons, nanoseconds(card.dt))
            else:
                predicted[kind] = {0: np.array([self._now(tick, kind) for tick in self.ticks])}
        return ReplayResult(
            card=card,
            model_file=card.name,
            model_sha256=self.loaded.sha256,
            recording=self.name,
            facts=facts or {},
            stamp_ns=stamps,
            position=np.array([tick.measured.position for tick in self.ticks]),
            velocity=np.array([tick.measured.velocity for tick in self.ticks]),
            effort=np.array([tick.measured.effort for tick in self.ticks]),
            predicted=predicted,
            warm=np.array([tick.warm for tick in self.ticks]),
            scores=scores,
            inverse=inverse,
            counters=self.counters,
        )

    def _ahead(self, tick: Step, kind: str) -> np.ndarray:
        shape = (max(self.horizons), self.loaded.card.n_joints)
        if tick.trajectory is None:
            return np.full(shape, np.nan)
        rows: np.ndarray = getattr(tick.trajectory, kind)[: shape[0]]
        return rows

    def _now(self, tick: Step, kind: str) -> np.ndarray:
        if tick.predicted is None:
            return np.full(self.loaded.card.n_joints, np.nan)
        values: np.ndarray = getattr(tick.predicted, kind)
        return values


def replay(
    recording: Path | str | Recording,
    model: Path | str | LoadedModel,
    settings: PipelineSettings | None = None,
    *,
    horizons: Sequence[int] = HORIZONS,
    on_progress: Progress | Listener = no_progress,
) -> Replayed:
    """Run every joint state of a recording through a model with the very tick of the node.

    Args:
        recording: Bag or recording.
        model: Model file, name of a shipped model, or a model that was loaded before.
        settings: How joint states are taken in and what is predicted from them.
        horizons: Horizons that are kept [steps].
        on_progress: Called with messages done, messages in all, and the name of the recording.

    Raises:
        ModelFileError: If the model file is refused.
        DataError: If the recording completes no tick; the message says what is waited for.
    """
    loaded = as_loaded(model)
    if isinstance(recording, Recording):
        name, samples, total = recording.name, samples_of(recording), len(recording)
    else:
        bag = Path(recording)
        counts = (topic.messages for topic in topics(bag) if topic.type == JOINT_STATE)
        name, samples, total = bag.stem, iterate(bag), max(counts, default=0)
    with listener_of(on_progress).progress('replay') as update:
        chosen = settings or PipelineSettings()
        return replay_samples(
            samples, name, loaded, chosen, horizons, total=total, progress=update
        )


def replay_samples(
    samples: Iterable[RawSample],
    name: str,
    loaded: LoadedModel,
    settings: PipelineSettings,
    horizons: Sequence[int],
    *,
    total: int = 0,
    progress: Progress = no_progress,
) -> Replayed:
    """Run joint states through the pipeline, one message a tick as a node that keeps up does."""
    pipeline = Pipeline(
        loaded, replace(settings, horizon_steps=max(settings.horizon_steps, *horizons))
    )
    ticks = []
    for number, sample in enumerate(samples):
        tick = pipeline.tick([sample])
        if tick is not None:
            ticks.append(tick)
        if number % 500 == 0:
            progress(number, total, name)
    if not ticks:
        raise DataError(f'{name} completed no tick. {pipeline.waiting_for()}')
    return Replayed(
        name=name,
        loaded=loaded,
        horizons=tuple(horizons),
        ticks=ticks,
        counters=pipeline.counters,
    )


def samples_of(recording: Recording) -> Iterator[RawSample]:
    """Yield the joint states of a recording as messages."""
    signals = (recording.position, recording.velocity, recording.effort)
    for stamp, *row in zip(recording.stamp_ns.tolist(), *signals, strict=True):
        yield RawSample(stamp, recording.joint_names, *row)


def write_predictions(path: Path, replayed: Replayed, *, overwrite: bool = False) -> None:
    """Write what the node would have published: predictions, bounds and errors, as a bag."""
    names = replayed.loaded.card.joint_names

    def message(state: JointState) -> object:
        return joint_state(state.stamp_ns, names, *state[1:])

    with BagWriter(path, overwrite=overwrite) as bag:
        for tick in replayed.ticks:
            now = tick.stamp_ns
            bag.write('joint_states', JOINT_STATE, now, message(tick.measured))
            if tick.predicted is not None:
                bag.write('predicted_joint_states', JOINT_STATE, now, message(tick.predicted))
            if tick.bounds is not None:
                bag.write('prediction_bounds', JOINT_STATE, now, message(tick.bounds))
            if tick.error is not None:
                bag.write('prediction_error', JOINT_STATE, now, message(tick.error))
