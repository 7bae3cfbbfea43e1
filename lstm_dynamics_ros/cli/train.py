# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics train`: from bags to a proven model file."""

from dataclasses import dataclass, field
import math
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families import AnySettings
from lstm_dynamics_ros.learning.selection.settings import (
    can_choose,
    Choosing,
    DEFAULT_BUDGET,
    PLANNED,
)
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.workflows.options import EngineOptions
from lstm_dynamics_ros.workflows.settings import COMMAND_DEFAULTS, read_settings
import tyro


@dataclass
class Train(EngineOptions):
    """Train a model on bags and export it as one ONNX file with card and proof.

    Without --settings it chooses by itself: linear models and networks with and without memory are
    compared on motions they have not seen, and the best is exported; what was tried is printed.
    What is given by flags is left as it is. The data report is printed first. Training goes on
    where it was interrupted, as long as the folder and the settings are the same.
    """

    bags: Annotated[tuple[Path, ...], tyro.conf.Positional]
    """Bags, or folders of bags."""
    out: Path
    """Model file to write (.onnx)."""
    settings: Path | None = None
    """YAML file with training settings, e.g. config/training/arm_forward.yaml; flags override."""
    budget: float = DEFAULT_BUDGET
    """Time for choosing and training [min]; 0 trains what the flags say, without choosing."""
    plan: Path | None = None
    """Plan of an earlier choice (runs/<name>/plan.json), to repeat it on another machine."""
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
        workflows.engines.check_engine(self)
        training = read_settings(self.settings, validated(self.training))
        export = validated(self.export)
        naming = workflows.recordings.JointNaming(
            joints=self.joints,
            continuous=self.continuous,
            prismatic=self.prismatic,
            joint_prefix=self.joint_prefix,
            joint_map=self.joint_map,
        )
        recordings = workflows.recordings.each_named(self.bags, naming, tracks=False)
        recordings = workflows.recordings.leaving_out(recordings, self.leave_out)
        result = workflows.train.train(
            workflows.recordings.first_share(recordings, self.first_share),
            self.out,
            training,
            export,
            choose=self._choosing(training),
            workers=self,
            folder=self.folder,
            init=self.init,
            rigid_body=workflows.rigid_body.RigidBodySource(
                urdf=self.urdf,
                identified=self.identified,
                armature=self.armature,
                identify=self.identify,
                friction=self.prior_friction,
            ),
            force=self.force,
            on_progress=TERMINAL,
        )
        say(f'Wrote {self.out} ({self.out.stat().st_size / 1e6:.2f} MB). Look at it with:')
        say(f'  lstm-dynamics inspect {self.out}')
        write_json(self.json, result.to_json())
        return 0

    def _choosing(self, training: TrainingSettings) -> Choosing | None:
        """Return how long to choose, unless what to train was given as a whole."""
        if not 0 <= self.budget < math.inf:
            raise ConfigError(f'--budget must be 0 minutes or more, got {self.budget:g}.')
        if self.settings or self.init or not self.budget or not can_choose(training):
            return None
        default = type(training)()
        planned = [name for name in PLANNED if getattr(training, name) != getattr(default, name)]
        if planned:
            raise ConfigError(
                f'{", ".join(planned)} follows from the budget where a model is chosen. Give '
                '--budget 0 to train what the flags say.'
            )
        return Choosing(budget=self.budget, plan=self.plan)
