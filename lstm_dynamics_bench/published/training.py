# SPDX-License-Identifier: Apache-2.0
"""Trains the models of `benchmark real` side by side, and goes on where it was stopped."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, wait
from dataclasses import asdict, dataclass, replace
from pathlib import Path
import shutil
import time
from typing import Any, NamedTuple

from lstm_dynamics_bench.published.cache import (
    CHOOSES,
    code_digest,
    keep,
    key_of,
    MAKES_MODELS,
    read_kept,
)
from lstm_dynamics_bench.published.robot_set import Fold, RealSet
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.source import Source
from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.data.segment import natural_step
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.selection.settings import Choosing, DEFAULT_BUDGET
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.workflows.choose import choose_model
from lstm_dynamics_ros.workflows.engines import Workers
from lstm_dynamics_ros.workflows.listener import ProgressListener
from lstm_dynamics_ros.workflows.options import EngineOptions
from lstm_dynamics_ros.workflows.settings import COMMAND_DEFAULTS, read_settings
from lstm_dynamics_ros.workflows.train import train_model

OBSERVER_WORK = 1.0
"""What a pass of a torque observer takes, in trainings of the network on top, about."""
CORES = 2
"""Cores that the budget of a choice is meant for; here every model has one, for longer."""

POLL = 1.0
"""How often the progress of the workers is looked at [s]."""


class Settings(NamedTuple):
    """What to train."""

    training: TrainingSettings
    choosing: Choosing | None = None
    """How long to choose what they leave open; None trains them as they are."""


@dataclass(frozen=True, kw_only=True)
class TrainingJob:
    """One model to be trained, and where it is kept."""

    source: Source
    fold: Fold
    joints: tuple[str, ...]
    urdf: Path | None
    """Rigid-body prior, of a model that has one."""
    settings: TrainingSettings
    folder: Path
    """Its checkpoints, its progress and the model itself."""
    choosing: Choosing | None = None
    """How long to choose what the settings leave open; None trains them as they are."""

    @property
    def model(self) -> Path:
        """The model file, there once it is trained and proven."""
        return self.folder / f'{self.source.name}_{self.fold.name}.onnx'

    @property
    def title(self) -> str:
        """Which one it is, for people."""
        seed = f' seed {self.settings.seed}' if self.settings.seed else ''
        return f'{self.source.name} {self.fold.name}{seed}'

    @property
    def work(self) -> float:
        """About how much there is to do, to begin with the longest."""
        s = self.settings
        steps = float(s.members * s.max_epochs * s.updates_per_epoch * s.sequence_steps)
        # Of an observer most of the time goes into its filters and gates, before the epochs.
        passes = s.observer_passes if isinstance(s, TorqueObserverSettings) else 0
        return steps * (1 + OBSERVER_WORK * passes)

    def done(self) -> dict[str, Any]:
        """Return its progress: steps done of total, and the seconds they took."""
        kept = read_kept(self.folder / 'progress.json')
        return kept or {'done': 0, 'total': 1, 'seconds': 0.0, 'text': ''}


def settings_of(name: str, seed: int, folder: Path | None, budget: float = 0.0) -> Settings:
    """Return the training settings of a set, or how they are chosen, as `train` does by itself.

    Args:
        name: The set.
        seed: Seed of everything random.
        folder: Folder of the files; config/training/real without one.
        budget: Time to choose in, whatever the set's file says [min]; 0 for sets without a file
            alone.

    Raises:
        ConfigError: If there is no file for a set that needs one.
    """
    spec = SETS[name]
    files = asset('config/training/real') if folder is None else folder
    path = files / f'{spec.settings or name}.yaml'
    if path.is_file() and not budget:
        return Settings(replace(read_settings(path, COMMAND_DEFAULTS), seed=seed))
    if spec.settings and not budget:
        raise ConfigError(f'There are no training settings {path} for {name}.')
    flags = replace(COMMAND_DEFAULTS, model_kind=spec.model_kind, dt=spec.dt, seed=seed)
    choosing = Choosing(budget=CORES * (budget or DEFAULT_BUDGET))
    return Settings(read_settings(None, flags), choosing)


def jobs_of(source: Source, spec: RealSet, chosen: Settings, cache: Path) -> list[TrainingJob]:
    """Return the trainings of one set and seed, each with a folder of all it depends on.

    Args:
        source: The set, converted.
        spec: What is known of it.
        chosen: What to train.
        cache: Folder for all that is kept.

    Raises:
        ConfigError: If the settings ask for a rigid-body prior, and the set has none.
    """
    settings, choosing = chosen
    if settings.needs_prior and not spec.urdf:
        raise ConfigError(f'{source.name} has no URDF for a model with a rigid-body prior.')
    urdf = asset(spec.urdf) if settings.needs_prior else None
    made_by = {
        'bags': source.bags.name,
        'joints': spec.joints,
        'urdf': None if urdf is None else urdf.read_text(encoding='utf-8'),
        'settings': asdict(settings),
        'code': code_digest(MAKES_MODELS),
    }
    if choosing is not None:
        made_by |= {'choosing': asdict(choosing), 'choice': code_digest(CHOOSES)}
    return [
        TrainingJob(
            source=source,
            fold=fold,
            joints=spec.joints,
            urdf=urdf,
            settings=settings,
            choosing=choosing,
            folder=cache / 'models' / source.name / key_of(made_by | {'train': fold.train}),
        )
        for fold in spec.folds(source.names())
    ]


def train_all(
    workers: Workers, jobs: Sequence[TrainingJob], *, retrain: bool, update: Progress
) -> dict[TrainingJob, str]:
    """Train the models that are missing.

    Args:
        workers: Who works.
        jobs: What to train.
        retrain: Whether to begin anew what is there.
        update: Called with the progress, in thousandths of the work.

    Returns:
        Why trainings failed; empty if none did.
    """
    if retrain:
        for job in jobs:
            shutil.rmtree(job.folder, ignore_errors=True)
    missing = sorted((job for job in jobs if not job.model.is_file()), key=lambda job: -job.work)
    futures: dict[Future[str], TrainingJob] = {
        workers.submit(train_one, job, _failed): job for job in missing
    }
    total = sum(job.work for job in missing)

    def look() -> None:
        shares = {job: job.done() for job in futures.values()}
        done = sum(job.work * item['done'] / item['total'] for job, item in shares.items())
        running = [
            f'{job.title} {100 * shares[job]["done"] // shares[job]["total"]} %'
            for future, job in futures.items()
            if future.running() and not job.model.is_file()
        ]
        update(round(1000 * done / total), 1000, ', '.join(running[:4]))

    watched(futures, look)
    return {job: text for future, job in futures.items() if (text := future.result())}


def watched(futures: Iterable[Future[Any]], look: Callable[[], None]) -> None:
    """Wait for work, looking at it now and then; an unforeseen error ends the waiting."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, timeout=POLL)
        for future in done:
            future.result()
        look()


def _failed(job: TrainingJob, why: str) -> str:
    """Return why a training failed, with its name."""
    return f'{job.title}: {why}'


def train_one(job: TrainingJob) -> str:
    """Train one model in a worker; return why it failed, or nothing."""
    began, before = time.perf_counter(), job.done()['seconds']

    def keep_progress(done: int, total: int, text: str) -> None:
        seconds = before + time.perf_counter() - began
        keep(
            job.folder / 'progress.json',
            {'done': done, 'total': total, 'seconds': seconds, 'text': text},
        )

    try:
        recordings = job.source.recordings(job.fold.train, job.joints)
        settings = job.settings
        if not settings.dt:
            settings = replace(settings, dt=natural_step(recordings))
        export = ExportSettings(
            name=job.model.stem,
            effort_semantics=job.source.mapping.effort_semantics,
            velocity_source=job.source.velocity_source,
        )
        listener, folder = ProgressListener(keep_progress), job.folder / 'training'
        if job.choosing is not None:
            choose_model(
                recordings,
                settings,
                export,
                job.model,
                folder,
                choosing=job.choosing,
                workers=EngineOptions(workers=1),
                listener=listener,
            )
        else:
            prior = None
            if job.urdf is not None:
                prior = RigidBodyPrior(job.urdf, recordings[0].joint_names)
            train_model(
                recordings,
                settings,
                export,
                out=job.model,
                folder=folder,
                prior=prior,
                identify=prior is not None,
                listener=listener,
            )
    except LstmDynamicsError as error:
        return _failed(job, str(error))
    keep_progress(1, 1, 'done')
    return ''
