# SPDX-License-Identifier: Apache-2.0
"""The shipped models for control: recorded, trained, and improved on their own correction."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lstm_dynamics_ros.cli.console import progress, say
from lstm_dynamics_ros.cli.improve import Improve
from lstm_dynamics_ros.cli.train import (
    card_figures,
    COMMAND_DEFAULTS,
    read_settings,
    train_model,
)
from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.workflows.pool import pool

if TYPE_CHECKING:
    from lstm_dynamics_ros.sim.collection import PlannedRun

RUNS = {'arm': 80, 'pendulum': 40}
"""Training runs without correction of each robot; improving adds as many with it."""

CHANGING = 0.25
"""Share of runs in which the payload changes at half time."""

LATENCY = 0.01
"""From a measurement to the torque of its correction in the embedded robots: one control cycle,
2 ms of dead time and 3 ms of lag [s]; `lstm-dynamics latency` finds the same in a bag."""

DRIVE_DELAY = 0.005
"""The part of it that lies in the drives [s]."""


def train_control_model(
    name: str,
    out: Path,
    folder: Path,
    *,
    runs: int,
    duration: float,
    seed: int,
    workers: int,
) -> dict[str, object]:
    """Make the control model of an embedded robot from nothing; return its card's figures.

    Args:
        name: Which robot.
        out: Folder of the models.
        folder: Folder for bags and checkpoints.
        runs: Training runs; 0 takes as many as the shipped model had.
        duration: Length of each [s].
        seed: Seed of the training plan and of the training.
        workers: Processes that simulate at the same time.
    """
    from lstm_dynamics_ros.data.bags.reader import read_recordings  # noqa: PLC0415
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415
    from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415
    from lstm_dynamics_ros.sim.collection import training_plan  # noqa: PLC0415
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.sim.urdf import nominal_urdf  # noqa: PLC0415

    robot = load_robot(name)
    n_runs = runs or RUNS.get(name, 40)
    plan = training_plan(robot, n_runs, seed=seed, duration=duration, changing=CHANGING)
    bags = folder / 'bags'
    jobs = [(name, planned, bags / planned.name) for planned in plan]
    with progress(f'{name}: record') as update, pool(workers) as processes:
        for done, _ in enumerate(processes.map(record_planned, jobs)):
            update(done + 1, len(plan), '')
    settings = read_settings(
        asset(f'config/training/{name}_residual.yaml'), replace(COMMAND_DEFAULTS, seed=seed)
    )
    path = out / f'{name}_residual.onnx'
    train_model(
        read_recordings([bags / planned.name for planned in plan]),
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
        prior=RigidBodyPrior(
            nominal_urdf(robot),
            robot.joint_names,
            armature=[joint.armature for joint in robot.joints],
        ),
    )
    say('Improving it on runs with its own correction ...')
    Improve(
        model=path,
        checkpoint=folder / 'training' / 'best.pt',
        bags=tuple(bags / planned.name for planned in plan),
        out=path,
        robot=name,
        runs=n_runs,
        duration=duration,
        folder=folder / 'round1',
        epochs=settings.max_epochs,
        workers=workers,
    ).run()
    return card_figures(load_model(path).card)


def record_planned(job: 'tuple[str, PlannedRun, Path]') -> None:
    """Simulate one planned run and write its bag; runs in a worker."""
    from lstm_dynamics_ros.data.bags.writer import write_bag  # noqa: PLC0415
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.sim.simulate import simulate  # noqa: PLC0415
    from lstm_dynamics_ros.workflows.simulated_recordings import as_recording  # noqa: PLC0415

    name, planned, path = job
    robot = load_robot(name)
    run = simulate(
        robot,
        planned.motion(robot),
        hidden=planned.hidden(robot),
        later=planned.later(robot),
        seed=planned.seed,
        corrector=planned.random_torque(robot),
    )
    write_bag(as_recording(run, planned.name), path, overwrite=True)
