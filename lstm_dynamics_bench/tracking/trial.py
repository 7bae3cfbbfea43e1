# SPDX-License-Identifier: Apache-2.0
"""Runs of the benchmark, shared by processes whose number changes no score."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
import multiprocessing

from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.base import GivenModels, Settings
from lstm_dynamics_bench.tracking.settings import WORKERS
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case, Score, score, TrackingRun
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, make_case, SCENARIOS
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.inner_law import FeedForward, InnerLaw
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulate import CORRECTION_STEPS
from lstm_dynamics_ros.workflows.pool import one_thread_each
import numpy as np

CASES_KEPT = 64
"""Cases a process keeps, because many trials have the same one."""


@dataclass(frozen=True, kw_only=True)
class Variation:
    """Changes of a case, to find whether a controller stays stable."""

    payload: float
    """Mass of the payload [kg]."""
    friction: float
    """Factor on all friction."""
    delay_cycles: int
    """Control cycles from a measurement to the moment its correction acts."""
    gain: float
    """Factor on the stiffness of the robot's own controller."""

    def of(self, case: Case) -> Case:
        """Return a case with these changes."""
        hidden = replace(case.hidden, payload=self.payload, friction_scale=self.friction)
        return replace(
            case,
            robot=case.robot.with_gains(self.gain),
            hidden=hidden,
            later=None,
            delay_cycles=self.delay_cycles,
        )


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One run to be made."""

    scenario: str
    seed: int
    method: str
    settings: tuple[tuple[str, float], ...] = ()
    """Names and values of one of its grid."""
    variation: Variation | None = None
    """What is changed in the case."""

    @classmethod
    def of(
        cls,
        scenario: str,
        seed: int,
        method: str,
        settings: Settings,
        variation: Variation | None = None,
    ) -> 'Trial':
        """Return the run of a method with settings by name."""
        chosen = tuple(sorted(settings.items()))
        return cls(
            scenario=scenario, seed=seed, method=method, settings=chosen, variation=variation
        )

    @property
    def chosen(self) -> Settings:
        """Its settings by name."""
        return dict(self.settings)


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Robot, given models and durations that all trials share."""

    robot: RobotDescription
    given: GivenModels
    payload: float | None = None
    """Payload in place of that of the scenarios [kg]."""
    duration: float = 10.0
    """How long a run takes [s]."""

    def case(self, scenario: str, seed: int, variation: Variation | None = None) -> Case:
        """Return the case of a scenario and seed."""
        case = make_case(
            self.robot,
            SCENARIOS[scenario],
            seed,
            payload=self.payload,
            duration=self.duration,
        )
        return case if variation is None else variation.of(case)

    def run(self, trial: Trial, case: Case | None = None) -> tuple[TrackingRun, Score]:
        """Make one run and return it with its score."""
        case = case or self.case(trial.scenario, trial.seed, trial.variation)
        method = METHODS[trial.method]()
        entry = method.prepare(case, trial.chosen, self.given)
        done = run_case(case, entry.corrector, law=entry.law)
        own = None if entry.law is None else excess_torque(done, entry.law)
        return done, score(done, own)


class _Worker:
    """State of a worker process."""

    bench: Bench


def _begin(bench: Bench) -> None:
    """Start a worker process."""
    _Worker.bench = bench
    _case.cache_clear()


@lru_cache(maxsize=CASES_KEPT)
def _case(scenario: str, seed: int, variation: Variation | None) -> Case:
    """Return a case this process may have made before."""
    return _Worker.bench.case(scenario, seed, variation)


def _score(trial: Trial) -> Score:
    """Make one run in a worker."""
    return _Worker.bench.run(trial, _case(trial.scenario, trial.seed, trial.variation))[1]


class TrialRunner:
    """Makes runs and remembers their scores."""

    def __init__(self, bench: Bench, workers: int, progress: Progress) -> None:
        self.bench = bench
        self._progress = progress
        self._known: dict[Trial, Score] = {}
        self._pool = None
        if workers > 1:
            context = multiprocessing.get_context('spawn')
            self._pool = context.Pool(workers, _begin, (bench,))
        else:
            _begin(bench)

    def scores(self, trials: Sequence[Trial], what: str) -> dict[Trial, Score]:
        """Return the scores of some trials; each is made once only.

        Args:
            trials: What to run.
            what: What is being done, for people.
        """
        missing = sorted(
            {trial for trial in trials if trial not in self._known},
            key=lambda trial: (trial.scenario, trial.seed),
        )
        made: Iterator[Score] = map(_score, missing)
        if self._pool is not None and missing:
            made = self._pool.imap(_score, missing, chunksize=4)
        for number, (trial, result) in enumerate(zip(missing, made, strict=True), start=1):
            self._known[trial] = result
            self._progress(number, len(missing), what)
        return {trial: self._known[trial] for trial in trials}

    def close(self, *, at_once: bool = False) -> None:
        """End the worker processes, after their work or at once."""
        if self._pool is None:
            return
        if at_once:
            self._pool.terminate()
        else:
            self._pool.close()
        self._pool.join()


@contextmanager
def trial_runner(
    bench: Bench, *, workers: int = WORKERS, progress: Progress = no_progress
) -> Iterator[TrialRunner]:
    """Make a runner whose processes end with the block, one thread each."""
    with one_thread_each():
        runner = TrialRunner(bench, workers, progress)
        finished = False
        try:
            yield runner
            finished = True
        finally:
            runner.close(at_once=not finished)


def excess_torque(done: TrackingRun, law: InnerLaw) -> Matrix:
    """Return the correction that would make the robot's own controller do the same.

    With it roughness means the same for methods that add torque and for those that replace the
    controller.

    Args:
        done: A run under that law.
        law: What replaced the robot's own controller.

    Returns:
        Torque at each tick [N m] (n_ticks, n_joints).
    """
    run, robot = done.run, done.case.robot
    model, usual = NominalModel(robot), FeedForward()
    excess = np.empty((len(run) // CORRECTION_STEPS, len(robot.links)))
    for tick, row in enumerate(excess):
        k = tick * CORRECTION_STEPS
        reference = JointPath(
            run.reference_position[k], run.reference_velocity[k], run.reference_acceleration[k]
        )
        q, dq = run.position[k], run.velocity[k]
        pd: Vector = robot.stiffness * (reference.position - q) + robot.damping * (
            reference.velocity - dq
        )
        torque = law.torque(model, q, dq, reference).copy()
        torque -= usual.torque(model, q, dq, reference)
        row[:] = torque if law.has_pd else torque - pd
    return excess
