# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics train`: from bags to a proven model file."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import DataError, UnknownNameError
from lstm_dynamics_ros.core.parameters import flatten, validated
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families import AnySettings, training_settings
from lstm_dynamics_ros.learning.settings import TrainingSettings
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_ros.core.card import ModelCard
    from lstm_dynamics_ros.data.recording import Recording
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior

COMMAND_DEFAULTS = AnySettings(dt=0.0)
"""Defaults of the flags: the step is that of the recordings."""


@dataclass
class Train:
    """Train a recurrent model on bags and export it as one ONNX file with card and proof.

    The data report is printed first. Whole trajectories are held out to stop by; a single long
    recording is cut into blocks. Training goes on where it was interrupted, as long as the folder
    and the settings are the same.
    """

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags."""
    out: Path
    """Model file to write (.onnx)."""
    settings: Path | None = None
    """YAML file with training settings, e.g. config/training/arm_forward.yaml; flags override."""
    folder: Path | None = None
    """Where checkpoints are kept; runs/<name of the model> by default."""
    init: Path | None = None
    """Checkpoint (best.pt) to fine-tune from, e.g. after adding bags."""
    leave_out: tuple[str, ...] = ()
    """Names of trajectories that are not used at all, for a last look with `evaluate`."""
    joints: tuple[str, ...] = ()
    """Joints to model; all by default."""
    continuous: tuple[str, ...] = ()
    """Joints that wrap at +-pi; bags do not say so."""
    prismatic: tuple[str, ...] = ()
    """Joints in metres; bags do not say so."""
    first_share: float = 1.0
    """Use only this first share of every recording, e.g. 0.667 for the first two thirds."""
    joint_prefix: str = ''
    """What stands before the model's joint names in the bags, e.g. left_."""
    joint_map: tuple[str, ...] = ()
    """Other joint names in the bags, as model_joint:bag_name; overrides the prefix."""
    urdf: Path | None = None
    """Rigid-body prior of a residual_inverse model."""
    armature: tuple[float, ...] = ()
    """Inertia of each rotor seen at its joint [kg m^2]; a URDF cannot hold it."""
    identify: bool = False
    """Identify the parameters of the prior first, from what is learned from alone."""
    identified: Path | None = None
    """Prior made by `lstm-dynamics identify`, instead of a URDF."""
    prior_friction: bool = False
    """Let identified friction count as part of the prior; else the model learns it."""
    force: bool = False
    """Train although the data report has errors, or there is too little data for the size."""
    json: Path | None = None
    """Write data report, errors and figures of the model as JSON to this file."""
    training: AnySettings = field(default_factory=lambda: COMMAND_DEFAULTS)
    export: ExportSettings = field(default_factory=ExportSettings)

    def run(self) -> int:
        """Report on the data, train, export."""
        from lstm_dynamics_ros.data.quality.report import data_report  # noqa: PLC0415
        from lstm_dynamics_ros.data.segment import natural_step  # noqa: PLC0415
        from lstm_dynamics_ros.workflows.rigid_body import (  # noqa: PLC0415
            named_recordings,
            rigid_body,
        )

        training = read_settings(self.settings, validated(self.training))
        export = validated(self.export)
        types = dict.fromkeys(self.continuous, 'continuous')
        types |= dict.fromkeys(self.prismatic, 'prismatic')
        recordings = named_recordings(
            self.bags,
            joints=self.joints,
            types=types,
            prefix=self.joint_prefix,
            joint_map=self.joint_map,
        )
        recordings = leaving_out(recordings, self.leave_out)
        if self.first_share < 1.0:
            recordings = [first_share(item, self.first_share) for item in recordings]
        if not training.dt:
            training = replace(training, dt=natural_step(recordings))
        prior = rigid_body(
            recordings[0].joint_names,
            urdf=self.urdf,
            identified=self.identified,
            armature=self.armature or None,
            identify=self.identify,
            friction=self.prior_friction,
            compensated=export.driver_compensates,
        )
        default = export.effort_semantics == ExportSettings().effort_semantics
        report = data_report(
            recordings,
            dt=training.dt,
            torque=None if prior is None else prior.torque,
            effort_semantics='' if default else export.effort_semantics,
        )
        say(f'{report.text()}\nStep of the model: {training.dt:g} s')
        if report.worst == 'error' and not self.force:
            raise DataError('The data report above has errors. Mend the data, or use --force.')
        if export.name == ExportSettings().name:
            export = replace(export, name=self.out.stem)
        folder = self.folder or Path('runs') / self.out.stem
        card = train_model(
            recordings, training, export, out=self.out, folder=folder, init=self.init,
            prior=prior, identify=self.identify, prior_friction=self.prior_friction,
            force=self.force,
        )  # fmt: skip
        say(f'Wrote {self.out} ({self.out.stat().st_size / 1e6:.2f} MB). Look at it with:')
        say(f'  lstm-dynamics inspect {self.out}')
        write_json(self.json, {'data_report': report.to_json(), 'card': card_figures(card)})
        return 0


def read_settings(path: Path | None, flags: AnySettings) -> TrainingSettings:
    """Return the settings of a YAML file, overridden by the flags that were given."""
    values: object = {}
    if path is not None:
        import yaml  # noqa: PLC0415

        values = yaml.safe_load(path.read_text(encoding='utf-8'))
    if not isinstance(values, Mapping):
        raise DataError(f'{path} must hold a mapping of training settings.')
    given = {
        name: value
        for name, value in vars(flags).items()
        if value != getattr(COMMAND_DEFAULTS, name)
    }
    merged = {'dt': COMMAND_DEFAULTS.dt} | flatten(values) | given
    return training_settings(merged)


def leaving_out(recordings: Sequence['Recording'], names: Sequence[str]) -> list['Recording']:
    """Return the recordings without those named.

    Raises:
        UnknownNameError: If there is no recording of a name.
    """
    known = [item.name for item in recordings]
    for name in names:
        if name not in known:
            raise UnknownNameError('trajectory', name, known)
    return [item for item in recordings if item.name not in names]


def first_share(recording: 'Recording', share: float) -> 'Recording':
    """Return the first part of a recording."""
    return recording.rows(0, int(len(recording) * share))


def train_model(
    recordings: Sequence['Recording'],
    training: TrainingSettings,
    export_settings: ExportSettings,
    *,
    out: Path,
    folder: Path,
    init: Path | None = None,
    prior: 'RigidBodyPrior | None' = None,
    identify: bool = False,
    prior_friction: bool = False,
    force: bool = False,
    told: Progress | None = None,
) -> 'ModelCard':
    """Train on recordings and export, with progress bars.

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
        told: Told of the progress in place of the terminal.
    """
    from lstm_dynamics_ros.data.segment import segments  # noqa: PLC0415
    from lstm_dynamics_ros.learning.export.export import export  # noqa: PLC0415
    from lstm_dynamics_ros.learning.members import check_size, train_members  # noqa: PLC0415
    from lstm_dynamics_ros.workflows.rigid_body import (  # noqa: PLC0415
        identified_rigid_body,
        judged_apart,
    )

    derive = export_settings.velocity_source == 'derived'
    gridded = [
        item
        for recording in recordings
        for item in segments(recording, training.dt, derive_velocity=derive)
    ]
    if not force:
        check_size(gridded, training)
    nominal = prior if identify else None
    if nominal is not None:
        prior = identified_rigid_body(
            nominal, gridded, training, friction=prior_friction, quiet=told is not None
        )
    with nullcontext(told) if told is not None else progress('train') as update:
        members = train_members(
            gridded, training, folder=folder, init=init, prior=prior, progress=update
        )
    if nominal is not None:
        members = judged_apart(nominal, members, training, friction=prior_friction)
    for k, member in enumerate(members if told is None else []):
        checkpoint = member.checkpoint
        say(
            f'{f"Member {k + 1}: best" if len(members) > 1 else "Best"} epoch: '
            f'{checkpoint.best_epoch} of at most {training.max_epochs}, held-out error '
            f'{checkpoint.best_error:.3f} of {training.compared_to}.'
        )
    if told is None:
        say('Checking and exporting ...')
    return export(
        members,
        out,
        settings=export_settings,
        prior=prior,
        sources={item.name: item.sha256 for item in recordings},
    )


def card_figures(card: 'ModelCard') -> dict[str, Any]:
    """Return the figures of a card for ``--json``."""
    return {
        'name': card.name,
        'model_kind': card.model_kind,
        'dt': card.dt,
        'washout_steps': card.washout_steps,
        'errors': card.errors,
        'conformal': card.conformal,
        'provenance': card.provenance,
    }
