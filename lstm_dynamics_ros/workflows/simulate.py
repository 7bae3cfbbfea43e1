# SPDX-License-Identifier: Apache-2.0
"""Recordings of embedded robots, in lockstep: planned runs, with and without correction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
import time
from typing import Any

from lstm_dynamics_ros.control.feedforward import FeedforwardDobConfig
from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.core.state import RawSample, Vector
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.data.recording import make_track, Recording
from lstm_dynamics_ros.evaluation.closed_loop.corrector import AT_ONCE, MotionReference
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, PipelineSettings
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.gate_settings import GateSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.safety.state import State
from lstm_dynamics_ros.sim.collection import PlannedRun, training_plan
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
from lstm_dynamics_ros.sim.simulate import simulate
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun
from lstm_dynamics_ros.workflows.listener import Listener, SILENT
from lstm_dynamics_ros.workflows.options import SimulateOptions
from lstm_dynamics_ros.workflows.pool import pool
import numpy as np

REFERENCE_EVERY = 5
"""The reference is recorded every so many rows, as the node publishes it: at 200 Hz."""


FULL = GateSettings(blend=1.0, max_effort_fraction=0.6, fade_in=0.0)
"""All of the correction; 0.6 of the limit, because holding the largest payload takes 0.57."""

SETTLED = 5000
"""Steps of 1 ms at the start that do not count: models warm up and trust rises."""


@dataclass(frozen=True, kw_only=True)
class SimulateResult:
    """What was recorded, and how fast."""

    robot: str
    bags: tuple[Path, ...]
    simulated: float
    """Length of all runs together [s]."""
    computing: float
    """How long that took to compute [s]."""
    seconds: float
    """How long it took with writing [s]."""

    @property
    def realtime_factor(self) -> float:
        """How many times faster than real time it was computed."""
        return self.simulated / self.computing

    def to_json(self) -> dict[str, Any]:
        """Return everything but the time for writing as JSON-ready values."""
        return {
            'robot': self.robot,
            'bags': [bag.name for bag in self.bags],
            'simulated_s': self.simulated,
            'realtime_factor': self.realtime_factor,
        }


def simulate_bags(options: SimulateOptions, listener: Listener = SILENT) -> SimulateResult:
    """Simulate an embedded robot and write what its sensors measured.

    Args:
        options: What to simulate.
        listener: Is shown the progress.
    """
    robot = load_robot(options.robot)
    plan = _plan(options, robot)
    began = time.perf_counter()
    computing = 0.0
    with listener.progress('simulate') as update:
        for number, planned in enumerate(plan):
            update(number, len(plan), planned.name)
            start = time.perf_counter()
            hidden = replace(robot.hidden, payload=planned.payload)
            run = simulate(robot, planned.motion(robot), hidden=hidden, seed=planned.seed)
            computing += time.perf_counter() - start
            recording = as_recording(run, planned.name)
            write_bag(
                recording,
                options.out / planned.name,
                storage=options.storage,
                overwrite=options.overwrite,
            )
        update(len(plan), len(plan), 'done')
    return SimulateResult(
        robot=robot.name,
        bags=tuple(options.out / planned.name for planned in plan),
        simulated=sum(planned.duration for planned in plan),
        computing=computing,
        seconds=time.perf_counter() - began,
    )


def _plan(options: SimulateOptions, robot: RobotDescription) -> list[PlannedRun]:
    """Return the runs.

    Raises:
        ConfigError: If there are none.
    """
    if options.runs < 1:
        raise ConfigError(f'--runs must be at least 1, got {options.runs}.')
    if options.runs > 1:
        return training_plan(robot, options.runs, seed=options.seed, duration=options.duration)
    payload = robot.hidden.payload if options.payload is None else options.payload
    return [
        PlannedRun(
            name=f'{robot.name}_{options.motion}_{payload:g}kg_seed{options.seed}',
            payload=payload,
            kind=options.motion,
            speed=options.speed,
            seed=options.seed,
            duration=options.duration,
        )
    ]


def record_runs(
    robot: str,
    plan: Sequence[PlannedRun],
    folder: Path,
    *,
    workers: int,
    title: str,
    model: Path | None = None,
    listener: Listener = SILENT,
) -> list[Path]:
    """Simulate planned runs in several processes and write their bags; return these.

    Args:
        robot: Embedded robot.
        plan: What it does.
        folder: Folder for the bags; those that are there are replaced.
        workers: Processes that simulate at the same time.
        title: What the progress is called.
        model: Model file that the robot is corrected with, if it is.
        listener: Is shown the progress.
    """
    jobs = [(robot, planned, folder / planned.name, model) for planned in plan]
    with listener.progress(title) as update, pool(workers) as processes:
        for done, _ in enumerate(processes.map(_record, jobs)):
            update(done + 1, len(jobs), '')
    return [path for _, _, path, _ in jobs]


def tracking_errors(
    robot: str,
    plan: Sequence[PlannedRun],
    models: Sequence[Path],
    *,
    workers: int,
    listener: Listener = SILENT,
) -> list[float]:
    """Return the mean RMS tracking error of planned runs for each model it is corrected with.

    Args:
        robot: Embedded robot.
        plan: What it does.
        models: Model files.
        workers: Processes that simulate at the same time.
        listener: Is shown the progress.

    Returns:
        Errors once the model is trusted [mrad].
    """
    jobs = [(robot, planned, model) for model in models for planned in plan]
    errors = []
    with listener.progress('closed loop') as update, pool(workers) as processes:
        for done, error in enumerate(processes.map(_tracking_error, jobs)):
            errors.append(error)
            update(done + 1, len(jobs), '')
    n = len(plan)
    return [sum(errors[k * n : (k + 1) * n]) / n for k in range(len(models))]


def _record(job: tuple[str, PlannedRun, Path, Path | None]) -> None:
    """Simulate one run and write its bag; runs in a worker."""
    name, planned, path, model = job
    robot = load_robot(name)
    run = planned_run(robot, planned) if model is None else corrected_run(robot, planned, model)
    write_bag(as_recording(run, planned.name), path, overwrite=True)


def _tracking_error(job: tuple[str, PlannedRun, Path]) -> float:
    """Return the RMS tracking error of one run once it is trusted [mrad]; runs in a worker."""
    name, planned, model = job
    error = corrected_run(load_robot(name), planned, model).tracking_error[SETTLED:]
    return 1e3 * float((error**2).mean() ** 0.5)


def planned_run(robot: RobotDescription, planned: PlannedRun) -> SimulatedRun:
    """Make a planned run without correction.

    Args:
        robot: Which robot.
        planned: What it does.
    """
    return simulate(
        robot,
        planned.motion(robot),
        hidden=planned.hidden(robot),
        later=planned.later(robot),
        seed=planned.seed,
        corrector=planned.random_torque(robot),
    )


def corrected_run(robot: RobotDescription, planned: PlannedRun, model: Path) -> SimulatedRun:
    """Make a planned run with the default controller armed as soon as that is possible.

    Args:
        robot: Which robot.
        planned: What it does.
        model: Model file for control.
    """
    loaded = load_model(model)
    card = loaded.card
    prior = None
    if card.physics_prior is not None:
        prior = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    limits = card.effort_limits or (None,) * card.n_joints
    known = JointLimits(robot.lower, robot.upper, robot.velocity_limit, robot.effort_limit)
    gate = Gate(FULL, limits, card.dt, joint_names=card.joint_names, limits=known)
    motion = planned.motion(robot)
    pipeline = Pipeline(
        loaded,
        PipelineSettings(horizon_steps=0),
        controller=FeedforwardDobConfig(),
        gate=gate,
        prior=prior,
        safety=AT_ONCE,
    )
    pipeline.reference = MotionReference(motion)

    def correct(block: SimulatedRun) -> Vector | None:
        signals = (block.position, block.velocity, block.effort)
        first = (signal[0].tolist() for signal in signals)
        sample = RawSample(int(block.stamp_ns[0]), robot.joint_names, *first)
        tick = pipeline.tick([sample])
        if pipeline.machine.state is State.MONITORING:
            try:
                pipeline.arm()
            except LstmDynamicsError:  # not yet: the rate is unknown, the model is not warm
                return None
        return None if tick is None else tick.correction

    return simulate(
        robot,
        motion,
        hidden=planned.hidden(robot),
        later=planned.later(robot),
        seed=planned.seed,
        corrector=correct,
    )


def as_recording(run: SimulatedRun, name: str) -> Recording:
    """Return what a recorder would have seen of a run: joint states, reference, correction."""
    thin = slice(None, None, REFERENCE_EVERY)
    reference = make_track(
        run.joint_names,
        run.stamp_ns[thin],
        position=run.reference_position[thin],
        velocity=run.reference_velocity[thin],
        acceleration=run.reference_acceleration[thin],
    )
    command = None
    if np.any(run.correction):
        command = make_track(run.joint_names, run.stamp_ns[thin], effort=run.correction[thin])
    return Recording(
        name=name,
        joint_names=run.joint_names,
        joint_types=run.joint_types,
        stamp_ns=run.stamp_ns,
        position=run.position,
        velocity=run.velocity,
        effort=run.effort,
        reference=reference,
        command=command,
    )


def as_truth(run: SimulatedRun, name: str) -> Recording:
    """Return the simulator's truth of a run, for scoring only."""
    seen = as_recording(run, name)
    return replace(seen, position=run.true_position, velocity=run.true_velocity)
