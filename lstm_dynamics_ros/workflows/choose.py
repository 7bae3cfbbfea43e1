# SPDX-License-Identifier: Apache-2.0
"""Choosing a model by cross-validation over motions, within a budget of time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
import json
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.card import ModelCard, PRIOR_KIND
from lstm_dynamics_ros.core.engine import Engine
from lstm_dynamics_ros.core.errors import ConfigError, DataError, UnknownNameError
from lstm_dynamics_ros.core.json_data import from_json, to_plain
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.data.grid_cache import read_segments, write_segments
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import Segment, segments
from lstm_dynamics_ros.learning.export.export import export as export_model
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.selection.choose import Choice, Chooser, MOST_FOLDS
from lstm_dynamics_ros.learning.selection.plan import CELLS_TRIED, Plan
from lstm_dynamics_ros.learning.selection.settings import can_choose, Choosing
from lstm_dynamics_ros.learning.selection.trials import Data
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.workflows.engines import engine_of
from lstm_dynamics_ros.workflows.inspect import choice_text
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.options import EngineOptions
from lstm_dynamics_ros.workflows.rigid_body import identified_rigid_body
import numpy as np

BURN_IN, LONGEST_BURN_IN = 0.4, 120
"""Time before a window is scored [s], and the most steps of it."""

WINDOW = 100
"""Steps of a window that are scored."""

MOST_WORKERS = 8
"""A plan counts on no more workers: there are seldom more trainings to be done at a time."""

GRID = 'grid'
"""Where the data are kept on the time grid, in the folder of the checkpoints."""

COUNTS = (
    *('workers', 'folds', 'trial_folds', 'hidden_size', 'burn_in_steps', 'window_steps'),
    *('updates_per_epoch', 'epochs'),
)
"""Entries of a plan that are 1 at least."""

PLAN_FILE = 'plan.json'
"""Where the plan is kept in the folder of the checkpoints."""


def choose_model(
    recordings: Sequence[Recording],
    base: TrainingSettings,
    export_settings: ExportSettings,
    out: Path,
    folder: Path,
    prior: RigidBodyPrior | None = None,
    *,
    choosing: Choosing,
    workers: EngineOptions,
    listener: Listener = SILENT,
) -> ModelCard:
    """Choose, train and export a model.

    Args:
        recordings: What to learn from.
        base: Kind of model, and settings that are given.
        export_settings: What the card says beside.
        out: Model file.
        folder: Where checkpoints and plan are kept.
        prior: Rigid body that an inverse model may see.
        choosing: Budget and plan.
        workers: Who does the work.
        listener: Is shown progress, the table and why the choice fell.

    Raises:
        ConfigError: If there is nothing to choose from for a model of this kind.
    """
    if not can_choose(base):
        raise ConfigError(
            f'There is nothing to choose from for a {base.model_kind} model of the family '
            f'{base.family}. Give its --settings, or --budget 0 to train what the flags say.'
        )
    folder = folder.resolve()  # A worker may have another working directory.
    names = [item.name for item in recordings]
    ordered = sorted(range(len(names)), key=names.__getitem__)  # their order must not matter
    by_name = (recordings[k] for k in ordered)
    digest = grid_on_disk(by_name, base, export_settings, folder)
    whole = read_segments(folder / GRID)
    shown = _rigid_body(prior, whole, base, export_settings, listener)
    base, data = fitted(base, whole, data_of(folder / GRID, base, shown))
    trials = folder / f'trials_{digest[:12]}'
    with listener.progress('choose') as update, engine_of(workers, folder) as engine:
        choice = _choice(base, data, choosing, engine, trials, update)
    _keep(folder / PLAN_FILE, choice.plan)
    figures = choice_figures(choice)
    listener.say(choice_text(figures))
    listener.say('Checking and exporting ...')
    return export_model(
        choice.members,
        out,
        settings=export_settings,
        prior=data.prior_of(choice.settings),
        sources={item.name: item.sha256 for item in recordings},
        whole=choice.whole,
        choice=figures,
    )


def grid_on_disk(
    recordings: Iterable[Recording],
    base: TrainingSettings,
    export_settings: ExportSettings,
    folder: Path,
) -> str:
    """Write recordings on the time grid to the folder :data:`GRID`; return their checksum."""
    derive = export_settings.velocity_source == 'derived'
    gridded = (segments(item, base.dt, derive_velocity=derive) for item in recordings)
    return write_segments(folder / GRID, chain.from_iterable(gridded))


def what_is_there(
    recordings: Sequence[Recording],
    base: TrainingSettings,
    export_settings: ExportSettings,
    listener: Listener,
) -> tuple[TrainingSettings, ExportSettings]:
    """Return settings for what recordings hold: velocity is derived, effort is left out.

    Args:
        recordings: What to learn from.
        base: Kind of model, and settings that are given.
        export_settings: Entries of the card.
        listener: Is shown what is missing.
    """

    def missing(kind: str) -> bool:
        return not any(np.isfinite(getattr(item, kind)).any() for item in recordings)

    if export_settings.velocity_source == 'measured' and missing('velocity'):
        listener.say('No velocity was measured: it is derived from the positions.')
        export_settings = replace(export_settings, velocity_source='derived')
    if isinstance(base, ForwardSettings) and not base.features and missing('effort'):
        listener.say('No effort was measured: the model sees positions and velocities alone.')
        base = replace(base, features=('position', 'velocity'))
    return base, export_settings


def _rigid_body(
    prior: RigidBodyPrior | None,
    gridded: Sequence[Segment],
    base: DynamicsSettings,
    export_settings: ExportSettings,
    listener: Listener,
) -> RigidBodyPrior | None:
    """Return the rigid body that an inverse model may see: identified, where the effort allows."""
    if prior is None or not isinstance(base, InverseSettings):
        return None
    torque = export_settings.effort_semantics == 'joint_torque'
    known = prior.parameters is not prior.nominal
    if known or not torque or export_settings.driver_compensates:
        return prior
    # Of an ensemble it is identified from all data.
    shown = replace(base, features=('position', 'velocity', PRIOR_KIND), members=2)
    try:
        return identified_rigid_body(prior, gridded, shown, friction=False, listener=listener)
    except DataError as error:
        listener.say(f'The rigid body is used as the URDF has it: {error}')
        return prior


def data_of(folder: Path, base: DynamicsSettings, prior: RigidBodyPrior | None) -> Data:
    """Return how data are split for a model, by the step of its grid."""
    burn_in = min(LONGEST_BURN_IN, max(40, math.ceil(BURN_IN / base.dt)))
    return Data(
        folder=folder,
        folds=MOST_FOLDS,
        washout_steps=burn_in,
        window_steps=burn_in + WINDOW + base.horizon,
        seed=base.seed,
        prior=prior,
    )


def fitted(
    base: DynamicsSettings, gridded: Sequence[Segment], data: Data
) -> tuple[DynamicsSettings, Data]:
    """Return settings and splits whose windows fit into short recordings.

    Args:
        base: What was asked for.
        gridded: All data.
        data: How they would be split if there were enough.
    """
    motions = {segment.name for segment in gridded}
    # One motion alone is split into two blocks, of four burn-ins each, with gaps between.
    most = max(len(segment) for segment in gridded) / (1 if len(motions) > 1 else 2)
    needed = max(data.window_steps, 4 * data.washout_steps)
    if needed <= 0.8 * most:
        return base, data
    share = 0.8 * most / needed
    if isinstance(base, ForwardSettings):
        base = replace(base, rollout_steps=max(1, round(share * base.rollout_steps)))
    washout = max(2, round(share * data.washout_steps))
    window = washout + max(2, round(share * WINDOW)) + base.horizon
    return base, replace(data, washout_steps=washout, window_steps=window)


def _choice(
    base: DynamicsSettings,
    data: Data,
    choosing: Choosing,
    engine: Engine,
    trials: Path,
    update: Progress,
) -> Choice:
    """Return the choice, by a plan that is kept before it is followed."""
    workers = min(engine.count, MOST_WORKERS)
    plan = _plan(choosing, trials / PLAN_FILE, workers)
    if plan is not None:
        data = replace(data, folds=plan.folds, seed=plan.seed)
    chooser = Chooser(base, data, engine, trials, update)
    keep = partial(_keep, trials / PLAN_FILE)
    return chooser.choose(choosing.budget, workers, plan, keep=keep)


def _plan(choosing: Choosing, kept: Path, workers: int) -> Plan | None:
    """Return the plan to follow: the one that was given, or that of an interrupted choice."""
    if choosing.plan is not None:
        return read_plan(choosing.plan)
    if not kept.is_file():
        return None
    plan = read_plan(kept)
    return plan if (plan.budget, plan.workers) == (choosing.budget, workers) else None


def _keep(path: Path, plan: Plan) -> None:
    """Write a plan."""
    write_text(path, json.dumps(to_plain(plan), indent=1) + '\n')


def read_plan(path: Path) -> Plan:
    """Return a plan that was kept.

    Raises:
        ConfigError: If the file is not there, or holds none that can be followed.
        UnknownNameError: If it names a network that is not known.
    """
    try:
        text = path.read_text(encoding='utf-8')
    except OSError as error:
        raise ConfigError(f'The plan {path} cannot be read: {error.strerror}.') from error
    plan = from_json(Plan, text, f'The plan {path}', ConfigError)
    wrong = [name for name in COUNTS if getattr(plan, name) < 1]
    wrong += [name for name in ('head_size', 'seed') if getattr(plan, name) < 0]
    if wrong or plan.folds < 2:
        raise ConfigError(f'The plan {path} has impossible values: {wrong or ["folds"]}.')
    for cell in plan.cells:
        if cell not in CELLS_TRIED:
            raise UnknownNameError(f'network in the plan {path}', cell, CELLS_TRIED)
    return plan


def choice_figures(choice: Choice) -> dict[str, Any]:
    """Return the choice as JSON-ready values, for the card."""
    return {
        'why': choice.why,
        'plan': to_plain(choice.plan),
        'held_out': list(choice.held_out),
        'candidates': [to_plain(row) for row in choice.rows],
        'settings': {
            name: value
            for name, value in to_plain(choice.settings).items()
            if value != to_plain(getattr(type(choice.settings)(), name))
        },
    }
