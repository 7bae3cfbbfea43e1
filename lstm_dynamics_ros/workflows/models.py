# SPDX-License-Identifier: Apache-2.0
"""The shipped models from nothing: recorded, trained, and those for control improved."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.data.bags.reader import read_recordings
from lstm_dynamics_ros.data.segment import segments
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.sim.collection import PlannedRun, training_plan
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
from lstm_dynamics_ros.workflows.improve import CHANGING, improve
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.options import ImproveOptions, ModelsOptions
from lstm_dynamics_ros.workflows.pool import pool
from lstm_dynamics_ros.workflows.settings import COMMAND_DEFAULTS, read_settings
from lstm_dynamics_ros.workflows.simulate import record_runs
from lstm_dynamics_ros.workflows.train import card_figures, train_model

FORWARD_RUNS = {'arm': 120, 'pendulum': 60}
"""Training runs of the forward model of each robot."""

CONTROL_RUNS = {'arm': 80, 'pendulum': 40}
"""Training runs without correction of each control model; improving adds as many with it."""

KINDS = ('forward', 'residual')
"""Models of each robot."""

LATENCY = 0.01
"""From a measurement to the torque of its correction in the embedded robots: one control cycle,
2 ms of dead time and 3 ms of lag [s]; `lstm-dynamics latency` finds the same in a bag."""

DRIVE_DELAY = 0.005
"""The part of it that lies in the drives [s]."""


def _settings(model: str, options: ModelsOptions) -> TrainingSettings:
    """Return the training settings of a model."""
    flags = replace(COMMAND_DEFAULTS, seed=options.seed)
    return read_settings(asset(f'config/training/{model}.yaml'), flags)


def make_models(options: ModelsOptions, listener: Listener) -> dict[str, dict[str, Any]]:
    """Record the bags of all robots, train and export; return the figures of the cards.

    Args:
        options: Which models, and how.
        listener: Is shown progress; workers show their own.

    Raises:
        ConfigError: If there is nothing to make, or fewer than no runs.
        UnknownNameError: If there is no such robot or kind.
    """
    _check(options)
    cards: dict[str, dict[str, Any]] = {}
    if 'forward' in options.kinds:
        cards |= _forward_models(options.robots, options, listener)
    for name in options.robots if 'residual' in options.kinds else ():
        cards[f'{name}_residual'] = control_model(name, options, listener)
    return cards


def _check(options: ModelsOptions) -> None:
    """Refuse what could not be made, before hours of recording."""
    if not options.kinds or not options.robots:
        raise ConfigError(
            f'Name at least one robot and one of the kinds {", ".join(KINDS)}, got robots '
            f'{list(options.robots)} and kinds {list(options.kinds)}.'
        )
    for kind in options.kinds:
        if kind not in KINDS:
            raise UnknownNameError('kind of model', kind, KINDS)
    for name in options.robots:
        load_robot(name)
    if options.runs < 0:
        raise ConfigError(f'--runs must be at least 1, or 0 for the default, got {options.runs}.')


def _forward_models(
    robots: Sequence[str], options: ModelsOptions, listener: Listener
) -> dict[str, dict[str, Any]]:
    """Make the forward models, trained side by side; return the figures of their cards."""
    for name in robots:
        record_runs(
            name,
            _forward_plan(name, options),
            options.folder / name / 'bags',
            workers=options.workers,
            title=f'{name}: record',
            listener=listener,
        )
    listener.say('Training; the slowest model takes about 10 minutes ...')
    with pool(options.workers) as workers:
        made = workers.map(partial(_forward_model, options=options, listener=listener), robots)
        return {f'{name}_forward': card for name, card in zip(robots, made, strict=True)}


def _forward_plan(name: str, options: ModelsOptions) -> list[PlannedRun]:
    """Return the runs a robot's forward model is trained on."""
    runs = options.runs or FORWARD_RUNS.get(name, 60)
    return training_plan(load_robot(name), runs, seed=options.seed, duration=options.duration)


def _forward_model(name: str, *, options: ModelsOptions, listener: Listener) -> dict[str, Any]:
    """Train and export one forward model, and fit the ridge; return the card's figures."""
    bags = options.folder / name / 'bags'
    recordings = read_recordings([bags / run.name for run in _forward_plan(name, options)])
    settings = _settings(f'{name}_forward', options)
    limits = tuple(float(limit) for limit in load_robot(name).effort_limit)
    card = train_model(
        recordings,
        settings,
        ExportSettings(name=f'{name}_forward', effort_limits=limits),
        out=options.out / f'{name}_forward.onnx',
        folder=options.folder / name / 'training',
        listener=listener,
    )
    with listener.progress(f'{name}: ridge') as update:
        gridded = [s for recording in recordings for s in segments(recording, settings.dt)]
        fit_arx(gridded, progress=update).save(options.out / f'{name}_ridge.npz')
    return card_figures(card)


def control_model(
    name: str, options: ModelsOptions, listener: Listener = SILENT
) -> dict[str, Any]:
    """Make the control model of an embedded robot from nothing; return its card's figures.

    Args:
        name: Which robot.
        options: How.
        listener: Is shown progress, errors and whether improving helped.
    """
    robot = load_robot(name)
    runs = options.runs or CONTROL_RUNS.get(name, 40)
    folder = options.folder / name / 'residual'
    plan = training_plan(
        robot, runs, seed=options.seed, duration=options.duration, changing=CHANGING
    )
    bags = record_runs(
        name,
        plan,
        folder / 'bags',
        workers=options.workers,
        title=f'{name}: record',
        listener=listener,
    )
    armature = [joint.armature for joint in robot.joints]
    prior = RigidBodyPrior(nominal_urdf(robot), robot.joint_names, armature=armature)
    settings = _settings(f'{name}_residual', options)
    path = options.out / f'{name}_residual.onnx'
    train_model(
        read_recordings(bags),
        settings,
        ExportSettings(
            name=f'{name}_residual',
            effort_limits=tuple(float(limit) for limit in robot.effort_limit),
            latency_steps=round(LATENCY / settings.dt),
            drive_delay=DRIVE_DELAY,
            driver_compensates=('rigid_body_feedforward',),
        ),
        out=path,
        folder=folder / 'training',
        prior=prior,
        listener=listener,
    )
    listener.say('Improving it on runs with its own correction ...')
    improving = ImproveOptions(
        model=path,
        checkpoint=folder / 'training' / 'best.pt',
        bags=tuple(bags),
        out=path,
        robot=name,
        runs=runs,
        duration=options.duration,
        folder=folder / 'round1',
        epochs=settings.max_epochs,
        workers=options.workers,
    )
    for line in improve(improving, listener).lines(path, path):
        listener.say(line)
    return card_figures(load_model(path).card)
