# SPDX-License-Identifier: Apache-2.0
"""Fine-tuning a model for control on runs that were made with its own correction on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.bags.reader import read_recordings
from lstm_dynamics_ros.data.segment import Segment, segments
from lstm_dynamics_ros.data.split import split
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.members import Member
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.learning.training.validation import error_ratio
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.sim.collection import training_plan
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.options import ImproveOptions
from lstm_dynamics_ros.workflows.simulate import record_runs, tracking_errors
from lstm_dynamics_ros.workflows.train import card_figures

ROUND_SEED = 1000
"""Plans of on-policy runs start from this seed, plus the number of the round."""

CHANGING = 0.25
"""Share of recorded runs in which the payload changes at half time."""

CHECKED_RUNS = 12
"""Runs in the closed loop that decide, for an embedded robot."""

CHECKED_DURATION = 15.0
"""Length of each [s]."""


@dataclass(frozen=True, kw_only=True)
class ImproveResult:
    """Whether the new model is better, and by how much."""

    figures: dict[str, float]
    """``error_ratio`` on held-out data; of an embedded robot also the tracking errors of the old
    and the new model [mrad] and their ratio."""
    better: bool
    """Whether the new model was kept."""
    card: ModelCard
    """Card of the new model."""

    def lines(self, old: Path, new: Path) -> list[str]:
        """Return the comparison for people, and which model file is the one to use.

        Args:
            old: The file that was in use.
            new: The file of the new model.
        """
        lines = [f'{what}: {value:.3f}' for what, value in self.figures.items()]
        kept = f'Better: wrote {new}.' if self.better else f'Not better: {old} stays in use.'
        return [*lines, kept]

    def to_json(self) -> dict[str, Any]:
        """Return comparison and figures of the model as JSON-ready values."""
        return {**self.figures, 'kept': self.better, 'card': card_figures(self.card)}


def improve(options: ImproveOptions, listener: Listener = SILENT) -> ImproveResult:
    """Record, fine-tune and compare; write the new model if it is better.

    Args:
        options: What with.
        listener: Is shown progress.

    Raises:
        ConfigError: If there are not either bags or an embedded robot.
    """
    if bool(options.robot) == bool(options.add):
        raise ConfigError(
            'Give either --add with bags recorded with the correction on, or --robot to '
            'record them with an embedded robot.'
        )
    old = Checkpoint.load(options.checkpoint)
    added = options.add or _record(options, listener)
    new, prior, held_out = _fine_tune(options, old, added, listener)
    figures = {'error_ratio': error_ratio(new, old, held_out, prior)}
    candidate = options.out.with_name(f'.{options.out.stem}.candidate.onnx')
    try:
        card = _export(options.model, new, held_out, prior, candidate)
        if options.robot:
            figures |= _closed_loop(options, candidate, listener)
        better = figures['error_ratio'] < 1.0 and figures.get('tracking_ratio', 0.0) < 1.0
        if better:
            candidate.replace(options.out)
    finally:
        candidate.unlink(missing_ok=True)
    return ImproveResult(figures=figures, better=better, card=card)


def _folder(options: ImproveOptions) -> Path:
    return options.folder or Path('runs') / options.out.stem


def _record(options: ImproveOptions, listener: Listener) -> tuple[Path, ...]:
    """Make on-policy runs of an embedded robot; return the folder of their bags."""
    plan = training_plan(
        load_robot(options.robot),
        options.runs,
        seed=ROUND_SEED + options.round,
        duration=options.duration,
        changing=CHANGING,
    )
    plan = [replace(item, name=f'{item.name}_round{options.round}') for item in plan]
    folder = _folder(options) / 'bags'
    record_runs(
        options.robot,
        plan,
        folder,
        workers=options.workers,
        title='record with correction',
        model=options.model,
        listener=listener,
    )
    return (folder,)


def _fine_tune(
    options: ImproveOptions, old: Checkpoint, added: Sequence[Path], listener: Listener
) -> tuple[Checkpoint, RigidBodyPrior | None, list[Segment]]:
    """Return the new checkpoint, the prior, and held-out segments of both kinds."""
    settings = replace(
        old.settings,
        max_epochs=options.epochs,
        patience=options.epochs,
        learning_rate=options.learning_rate,
    )
    types = dict(zip(old.joint_names, old.joint_types, strict=True))
    learn_from: list[Segment] = []
    held_out: list[Segment] = []
    for bags in (options.bags, added):
        recordings = read_recordings(bags, joint_names=old.joint_names, joint_types=types)
        ours, theirs = split(
            [s for recording in recordings for s in segments(recording, settings.dt)],
            validation_fraction=settings.validation_fraction,
            washout_steps=settings.burn_in_steps,
            window_steps=settings.sequence_steps,
            seed=settings.seed,
        )
        learn_from += ours
        held_out += theirs
    prior = None
    if old.prior is not None:
        prior = RigidBodyPrior.from_description(old.prior, old.joint_names)
    with listener.progress('fine-tune') as update:
        new = train(
            learn_from,
            held_out,
            settings,
            folder=_folder(options) / 'training',
            init=old,
            prior=prior,
            progress=update,
        )
    return new, prior, held_out


def _export(
    model: Path,
    new: Checkpoint,
    held_out: Sequence[Segment],
    prior: RigidBodyPrior | None,
    path: Path,
) -> ModelCard:
    """Export with what the card of the old model says beyond training."""
    card = load_model(model).card
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


def _closed_loop(options: ImproveOptions, candidate: Path, listener: Listener) -> dict[str, float]:
    """Return RMS tracking errors of both models on runs that neither was trained on."""
    plan = training_plan(
        load_robot(options.robot),
        CHECKED_RUNS,
        seed=2 * ROUND_SEED + options.round,
        duration=CHECKED_DURATION,
    )
    old, new = tracking_errors(
        options.robot,
        plan,
        (options.model, candidate),
        workers=options.workers,
        listener=listener,
    )
    return {'old_mrad': old, 'new_mrad': new, 'tracking_ratio': new / old}
