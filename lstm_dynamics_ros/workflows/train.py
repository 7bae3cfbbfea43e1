# SPDX-License-Identifier: Apache-2.0
"""Training: from recordings to a proven model file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.atomic_file import check_writable
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.grid_cache import read_segments
from lstm_dynamics_ros.data.quality.report import data_report, DataReport
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import natural_step
from lstm_dynamics_ros.learning.export.export import export as export_model
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.members import check_size, Member, train_members
from lstm_dynamics_ros.learning.selection.settings import Choosing
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.workflows.choose import (
    choose_model,
    GRID,
    grid_on_disk,
    what_is_there,
)
from lstm_dynamics_ros.workflows.engines import check_engine
from lstm_dynamics_ros.workflows.listener import Listener, listener_of, SILENT
from lstm_dynamics_ros.workflows.options import EngineOptions
from lstm_dynamics_ros.workflows.recordings import as_recordings, Recordings
from lstm_dynamics_ros.workflows.rigid_body import (
    identified_rigid_body,
    NO_RIGID_BODY,
    rigid_body_of,
    RigidBodySource,
    with_own_priors,
)


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """A trained model."""

    path: Path
    """The model file."""
    card: ModelCard
    """What the file says of the model: errors on held-out data, bands, provenance."""
    data_report: DataReport
    """What the recordings are like."""

    def to_json(self) -> dict[str, Any]:
        """Return data report and figures of the model as JSON-ready values."""
        return {'data_report': self.data_report.to_json(), 'card': card_figures(self.card)}


def train(
    recordings: Recordings,
    out: Path | str,
    settings: TrainingSettings | None = None,
    export: ExportSettings | None = None,
    *,
    choose: Choosing | None = None,
    workers: EngineOptions | None = None,
    folder: Path | str | None = None,
    init: Path | str | None = None,
    rigid_body: RigidBodySource = NO_RIGID_BODY,
    force: bool = False,
    on_progress: Progress | Listener = no_progress,
) -> TrainResult:
    """Train a model and export it as one ONNX file with card and proof.

    Whole trajectories are held out to judge and to stop by; a single long recording is cut into
    blocks. Training goes on where it was interrupted, as long as folder and settings are the same.

    Args:
        recordings: Bags, folders of bags, or recordings.
        out: Model file to write (.onnx).
        settings: What to train, and how; a step of 0 takes that of the recordings. Without, a
            forward model is chosen.
        export: What the card says beyond what training knows.
        choose: Choose what settings leave at their defaults, instead of training them as they are.
        workers: Who does the work of a choice; this process alone by default.
        folder: Where checkpoints are kept; runs/<name of the model> by default.
        init: Checkpoint (best.pt) to fine-tune from.
        rigid_body: Rigid-body prior of a model that has one.
        force: Train although the data report has errors, or the model is too large for the data.
        on_progress: Called with steps done, steps in all, and what is being done.

    Raises:
        DataError: If the recordings cannot be used, or the data report has errors.
        ConfigError: If settings do not go together.
        TrainingError: If there is too little data, or the folder holds another training.
        ExportError: If the model could not be proven fit for use.
    """
    workers = workers or EngineOptions(workers=1)
    check_engine(workers)
    check_writable(Path(out))
    listener, path = listener_of(on_progress), Path(out)
    runs = Path(folder or Path('runs') / path.stem)
    found, extra = as_recordings(recordings, runs), _named(export or ExportSettings(), path.stem)
    training = settings or ForwardSettings(dt=0.0)
    training = training if training.dt else replace(training, dt=natural_step(found))
    chooses = choose is not None or settings is None
    prior = _prior(found[0].joint_names, rigid_body, extra)
    report = _report(found, training, extra, prior, listener, force=force)
    if chooses:
        training, extra = what_is_there(found, training, extra, listener)
    work = _Work(found, training, extra, path, runs, prior)
    if chooses:
        how = choose or Choosing()
        card = choose_model(*work, choosing=how, workers=workers, listener=listener)
    else:
        start = None if init is None else Path(init)
        card = _trained(work, rigid_body, init=start, force=force, listener=listener)
    return TrainResult(path=path, card=card, data_report=report)


class _Work(NamedTuple):
    """What is made into a model, and where."""

    recordings: Sequence[Recording]
    training: TrainingSettings
    export: ExportSettings
    out: Path
    folder: Path
    prior: RigidBodyPrior | None


def _trained(
    work: _Work,
    rigid_body: RigidBodySource,
    *,
    init: Path | None,
    force: bool,
    listener: Listener,
) -> ModelCard:
    """Train what the settings say."""
    return train_model(
        work.recordings,
        work.training,
        work.export,
        out=work.out,
        folder=work.folder,
        prior=work.prior,
        init=init,
        identify=rigid_body.identify,
        prior_friction=rigid_body.friction,
        force=force,
        listener=listener,
    )


def _prior(
    joint_names: Sequence[str], source: RigidBodySource, export: ExportSettings
) -> RigidBodyPrior | None:
    """Return the rigid-body prior that was asked for."""
    return rigid_body_of(joint_names, source, compensated=export.driver_compensates)


def _named(export: ExportSettings, name: str) -> ExportSettings:
    """Return the settings with a name, if they have none of their own."""
    return replace(export, name=name) if export.name == ExportSettings().name else export


def _report(
    recordings: Sequence[Recording],
    training: TrainingSettings,
    export: ExportSettings,
    prior: RigidBodyPrior | None,
    listener: Listener,
    *,
    force: bool,
) -> DataReport:
    """Return what the recordings are like, and show it; errors are refused unless forced."""
    default = export.effort_semantics == ExportSettings().effort_semantics
    report = data_report(
        recordings,
        dt=training.dt,
        torque=None if prior is None else prior.torque,
        effort_semantics='' if default else export.effort_semantics,
    )
    listener.say(f'{report.text()}\nStep of the model: {training.dt:g} s')
    if report.worst == 'error' and not force:
        shown = '' if listener.shows_texts else f'{report.text()}\n'
        raise DataError(f'{shown}The data report above has errors. Mend the data, or use --force.')
    return report


def train_model(
    recordings: Sequence[Recording],
    training: TrainingSettings,
    export_settings: ExportSettings,
    *,
    out: Path,
    folder: Path,
    init: Path | None = None,
    prior: RigidBodyPrior | None = None,
    identify: bool = False,
    prior_friction: bool = False,
    force: bool = False,
    listener: Listener = SILENT,
) -> ModelCard:
    """Train on recordings and export, without a data report.

    Args:
        recordings: What to learn from, and to hold out of.
        training: What to train, and how.
        export_settings: What the card says beside.
        out: Model file.
        folder: Where checkpoints are kept.
        init: Checkpoint to start from.
        prior: Rigid-body prior of a residual model.
        identify: Whether its parameters are identified first, from what no member stops by.
        prior_friction: Whether identified friction counts as part of its torque.
        force: Train although there is too little data for the size of the model.
        listener: Is shown progress and errors.
    """
    grid_on_disk(recordings, training, export_settings, folder)
    gridded = read_segments(folder / GRID)
    if not force:
        check_size(gridded, training)
    nominal = prior if identify else None
    if nominal is not None:
        prior = identified_rigid_body(
            nominal, gridded, training, friction=prior_friction, listener=listener
        )
    with listener.progress('train') as update:
        members = train_members(
            gridded, training, folder=folder, init=init, prior=prior, progress=update
        )
    if nominal is not None:
        members = with_own_priors(nominal, members, training, friction=prior_friction)
    for line in _best_epochs(members, training):
        listener.say(line)
    listener.say('Checking and exporting ...')
    return export_model(
        members,
        out,
        settings=export_settings,
        prior=prior,
        sources={item.name: item.sha256 for item in recordings},
    )


def card_figures(card: ModelCard) -> dict[str, Any]:
    """Return the figures of a card as JSON-ready values."""
    return {
        'name': card.name,
        'model_kind': card.model_kind,
        'dt': card.dt,
        'washout_steps': card.washout_steps,
        'errors': card.errors,
        'conformal': card.conformal,
        'provenance': card.provenance,
    }


def _best_epochs(members: Sequence[Member], training: TrainingSettings) -> list[str]:
    """Return a line of each member: when it was best, and how good."""
    lines = []
    for k, member in enumerate(members):
        best = member.checkpoint
        title = f'Member {k + 1}: best' if len(members) > 1 else 'Best'
        lines.append(
            f'{title} epoch: {best.best_epoch} of at most {training.max_epochs}, held-out error '
            f'{best.best_error:.3f} of {training.compared_to}.'
        )
    return lines
