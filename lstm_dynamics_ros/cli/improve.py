# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics improve`: learn from what the correction itself does to the robot."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.cli.train import card_figures
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.workflows.pool import pool
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_ros.data.segment import Segment
    from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
    from lstm_dynamics_ros.sim.collection import PlannedRun

ROUND_SEED = 1000
"""Plans of on-policy runs start from this seed, plus the number of the round."""

SETTLED = 5000
"""Steps of 1 ms at the start that do not count: models warm up and trust rises."""

CHECKED_RUNS = 12
"""Runs in the closed loop that decide, for an embedded robot."""


@dataclass
class Improve:
    """Fine-tune a model for control on runs that were made with its own correction on.

    A model that was trained on a robot without correction has never seen the motions that its
    correction makes possible. So: record with the correction on, add these bags to the others,
    fine-tune, compare old and new model on held-out runs of both kinds, and keep the new one only
    if it is better. Exit code 1 means that the old one is still the best.

    On a robot record the bags first (`lstm-dynamics record` while the node is armed) and give them
    with --add. For an embedded robot, --robot makes the runs, and old and new model are also
    compared in the closed loop.
    """

    model: Annotated[Path, tyro.conf.Positional]
    """Model file in use."""
    checkpoint: Path
    """Checkpoint (best.pt) that it was exported from."""
    bags: tuple[Path, ...]
    """Bags, or folders of bags, that it was trained on."""
    out: Path
    """Model file to write if it is better."""
    add: tuple[Path, ...] = ()
    """Bags that were recorded with the correction on."""
    robot: str = ''
    """Embedded robot to record them with."""
    runs: int = 60
    """How many runs to record with an embedded robot."""
    duration: float = 25.0
    """Length of each [s]."""
    round: int = 1
    """Number of the round; another one makes other runs."""
    folder: Path | None = None
    """Where new bags and checkpoints are kept; runs/<name of the model> by default."""
    epochs: int = 60
    """Epochs of fine-tuning."""
    learning_rate: float = 2e-3
    """Largest learning rate of fine-tuning."""
    workers: int = 2
    """Processes that simulate at the same time."""
    json: Path | None = None
    """Write the comparison and the figures of the model as JSON to this file."""

    def run(self) -> int:
        """Record, train, compare, keep or not."""
        from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint  # noqa: PLC0415

        if bool(self.robot) == bool(self.add):
            raise ConfigError(
                'Give either --add with bags recorded with the correction on, or --robot to '
                'record them with an embedded robot.'
            )
        old = Checkpoint.load(self.checkpoint)
        folder = self.folder or Path('runs') / self.out.stem
        added = self.add or (self._record(folder / 'bags'),)
        new, prior, held_out = self._fine_tune(old, added, folder / 'training')
        figures: dict[str, Any] = self._compare(new, old, held_out, prior)
        better = figures['error_ratio'] < 1.0
        candidate = self.out.with_name(f'.{self.out.stem}.candidate.onnx')
        try:
            card = self._export(new, held_out, prior, candidate)
            if self.robot:
                figures |= self._closed_loop(candidate)
                better = better and figures['tracking_ratio'] < 1.0
            if better:
                candidate.replace(self.out)
        finally:
            candidate.unlink(missing_ok=True)
        for what, value in figures.items():
            say(f'{what}: {value:.3f}')
        say(f'Better: wrote {self.out}.' if better else f'Not better: {self.model} stays in use.')
        write_json(self.json, {**figures, 'kept': better, 'card': card_figures(card)})
        return 0 if better else 1

    def _record(self, folder: Path) -> Path:
        """Make on-policy runs of an embedded robot."""
        from lstm_dynamics_ros.sim.collection import training_plan  # noqa: PLC0415
        from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415

        plan = training_plan(
            load_robot(self.robot), self.runs, seed=ROUND_SEED + self.round,
            duration=self.duration, changing=0.25,
        )  # fmt: skip
        plan = [replace(item, name=f'{item.name}_round{self.round}') for item in plan]
        jobs = [(self.robot, item, self.model, folder / item.name) for item in plan]
        with progress('record with correction') as update, pool(self.workers) as workers:
            for done, _ in enumerate(workers.map(_record_corrected, jobs)):
                update(done + 1, len(jobs), '')
        return folder

    def _fine_tune(
        self, old: 'Checkpoint', added: tuple[Path, ...], folder: Path
    ) -> 'tuple[Checkpoint, RigidBodyPrior | None, list[Segment]]':
        """Return the new checkpoint, the prior, and held-out segments of both kinds."""
        from lstm_dynamics_ros.data.bags.reader import read_recordings  # noqa: PLC0415
        from lstm_dynamics_ros.data.segment import segments  # noqa: PLC0415
        from lstm_dynamics_ros.data.split import split  # noqa: PLC0415
        from lstm_dynamics_ros.learning.members import train  # noqa: PLC0415
        from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415

        settings = replace(
            old.settings, max_epochs=self.epochs, patience=self.epochs,
            learning_rate=self.learning_rate,
        )  # fmt: skip
        types = dict(zip(old.joint_names, old.joint_types, strict=True))
        learn_from: list[Segment] = []
        held_out: list[Segment] = []
        for bags in (self.bags, added):
            recordings = read_recordings(bags, joint_names=old.joint_names, joint_types=types)
            gridded = [s for recording in recordings for s in segments(recording, settings.dt)]
            ours, theirs = split(
                gridded, validation_fraction=settings.validation_fraction,
                washout_steps=settings.burn_in_steps, window_steps=settings.sequence_steps,
                seed=settings.seed,
            )  # fmt: skip
            learn_from += ours
            held_out += theirs
        prior = None
        if old.prior is not None:
            prior = RigidBodyPrior.from_description(old.prior, old.joint_names)
        with progress('fine-tune') as update:
            new = train(
                learn_from, held_out, settings, folder=folder, init=old, prior=prior,
                progress=update,
            )  # fmt: skip
        return new, prior, held_out

    @staticmethod
    def _compare(
        new: 'Checkpoint',
        old: 'Checkpoint',
        held_out: 'list[Segment]',
        prior: 'RigidBodyPrior | None',
    ) -> dict[str, float]:
        """Return how the models compare on held-out data."""
        from lstm_dynamics_ros.learning.training.compare import error_ratio  # noqa: PLC0415

        return {'error_ratio': error_ratio(new, old, held_out, prior)}

    def _export(
        self,
        new: 'Checkpoint',
        held_out: 'list[Segment]',
        prior: 'RigidBodyPrior | None',
        path: Path,
    ) -> Any:  # noqa: ANN401 - the card's class is not imported at start
        """Export with what the card of the old model says beyond training."""
        from lstm_dynamics_ros.learning.export.export import export  # noqa: PLC0415
        from lstm_dynamics_ros.learning.export.settings import ExportSettings  # noqa: PLC0415
        from lstm_dynamics_ros.learning.members import Member  # noqa: PLC0415
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        card = load_model(self.model).card
        settings = ExportSettings(
            name=card.name,
            effort_semantics=card.effort_semantics,
            driver_compensates=card.driver_compensates,
            effort_limits=tuple(limit for limit in card.effort_limits if limit is not None),
            latency_steps=card.latency_steps,
            drive_delay=card.drive_delay,
            dt_tolerance=card.dt_tolerance,
            velocity_source=card.velocity_source,
        )
        return export([Member(new, held_out)], path, settings=settings, prior=prior)

    def _closed_loop(self, candidate: Path) -> dict[str, float]:
        """Return RMS tracking errors of both models on runs that neither was trained on."""
        from lstm_dynamics_ros.sim.collection import training_plan  # noqa: PLC0415
        from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415

        plan = training_plan(
            load_robot(self.robot), CHECKED_RUNS, seed=2 * ROUND_SEED + self.round, duration=15.0
        )
        jobs = [(self.robot, item, path) for path in (self.model, candidate) for item in plan]
        with progress('closed loop') as update, pool(self.workers) as workers:
            errors = []
            for done, error in enumerate(workers.map(_tracking_error, jobs)):
                errors.append(error)
                update(done + 1, len(jobs), '')
        old, new = (sum(part) / len(plan) for part in (errors[: len(plan)], errors[len(plan) :]))
        return {'old_mrad': old, 'new_mrad': new, 'tracking_ratio': new / old}


def _record_corrected(job: 'tuple[str, PlannedRun, Path, Path]') -> None:
    """Simulate one run with the correction on and write its bag; runs in a worker."""
    from lstm_dynamics_ros.data.bags.writer import write_bag  # noqa: PLC0415
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.workflows.on_policy import corrected_run  # noqa: PLC0415
    from lstm_dynamics_ros.workflows.simulated_recordings import as_recording  # noqa: PLC0415

    name, planned, model, path = job
    run = corrected_run(load_robot(name), planned, model)
    write_bag(as_recording(run, planned.name), path, overwrite=True)


def _tracking_error(job: 'tuple[str, PlannedRun, Path]') -> float:
    """Return the RMS tracking error of one run once it is trusted [mrad]; runs in a worker."""
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.workflows.on_policy import corrected_run  # noqa: PLC0415

    name, planned, model = job
    error = corrected_run(load_robot(name), planned, model).tracking_error[SETTLED:]
    return 1e3 * float((error**2).mean() ** 0.5)
