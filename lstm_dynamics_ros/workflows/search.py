# SPDX-License-Identifier: Apache-2.0
"""Comparing settings by cross-validation over the trajectories of the training data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import leaves
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import natural_step, Segment, segments
from lstm_dynamics_ros.learning.identification.file import read_identified
from lstm_dynamics_ros.learning.search import cross_validate, Outcome, table
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.workflows.engines import engine_of
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.options import EngineOptions

__all__ = ['outcome_figures', 'search', 'table']


def search(
    recordings: Sequence[Recording],
    variants: Mapping[str, TrainingSettings],
    *,
    folder: Path,
    only: Sequence[str] = (),
    prior: Path | None = None,
    workers: EngineOptions | None = None,
    listener: Listener = SILENT,
) -> list[Outcome]:
    """Train variants without another part of the trajectories each, and judge them by that part.

    Args:
        recordings: Training data.
        variants: Settings by name; a step of 0 takes that of the recordings.
        folder: Where checkpoints and outcomes are kept, so that a search can go on.
        only: Names of the variants to train, besides the first; empty for all.
        prior: URDF, or file of `lstm-dynamics identify`, for variants that have a prior.
        workers: Who trains variants side by side; processes of this machine by default.
        listener: Is shown the progress.

    Raises:
        ConfigError: If the variants differ in their step.
    """
    step = natural_step(recordings)
    jobs = [
        (name, settings if settings.dt else replace(settings, dt=step))
        for i, (name, settings) in enumerate(variants.items())
        if not only or name in only or i == 0
    ]
    dts = {settings.dt for _, settings in jobs}
    if len(dts) > 1:
        raise ConfigError(f'All variants must have the same dt, got {sorted(dts)}.')
    dt = dts.pop()
    gridded = [s for recording in recordings for s in segments(recording, dt)]
    folder, prior = folder.resolve(), prior and prior.resolve()
    work = [(gridded, name, settings, folder, prior) for name, settings in jobs]
    outcomes: list[Outcome] = []
    with (
        listener.progress('search') as update,
        engine_of(workers or EngineOptions(), folder) as engine,
    ):
        for outcome in engine(_train, work):
            outcomes.append(outcome)
            update(len(outcomes), len(jobs), f'{outcome.name} is done')
    return outcomes


def outcome_figures(outcome: Outcome, base: Outcome) -> dict[str, Any]:
    """Return the figures of a variant as JSON-ready values.

    Args:
        outcome: The variant.
        base: What it is compared with.
    """
    default = {leaf.name: leaf.value for leaf in leaves(type(outcome.settings)())}
    changed = {
        leaf.name: leaf.value
        for leaf in leaves(outcome.settings)
        if leaf.value != default[leaf.name]
    }
    return {
        'error_over_first': outcome.over(base),
        'errors': outcome.errors,
        'weights': outcome.weights,
        'training_seconds': outcome.seconds,
        'settings': changed,
    }


def _train(work: tuple[Sequence[Segment], str, TrainingSettings, Path, Path | None]) -> Outcome:
    """Cross-validate one variant, in a worker."""
    gridded, name, settings, folder, robot = work
    names, prior = gridded[0].joint_names, None
    if settings.needs_prior and robot is not None:
        urdf = robot.suffix == '.urdf'
        prior = RigidBodyPrior(robot, names) if urdf else read_identified(robot, joint_names=names)
    own = folder / ''.join(c if c.isalnum() else '_' for c in name)
    return cross_validate(name, gridded, settings, folder=own, prior=prior)
