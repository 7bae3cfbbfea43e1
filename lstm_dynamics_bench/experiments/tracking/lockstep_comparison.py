# SPDX-License-Identifier: Apache-2.0
"""The same runs in real time over ROS and in lockstep, beside each other.

Over ROS a repetition of the motion is scored, because a node takes a while to start. In lockstep
both are: the first run, as in the benchmark, and a repetition, to compare like with like.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lstm_dynamics_bench.experiments.tracking.tracking_run import RosTrackingRun, run_over_ros
from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.base import GivenModels
from lstm_dynamics_bench.tracking.methods.learned import DEFAULT, Learned
from lstm_dynamics_ros import __version__
from lstm_dynamics_ros.control import CONTROLLERS
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case, scored_rows
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, make_case, SCENARIOS
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

LEARNED = ('feedforward', DEFAULT)
"""Controllers that can be run both ways."""

HEAD = (
    'seed',
    'payload [kg]',
    'none',
    'lockstep, first',
    'lockstep, repeated',
    'ROS',
    'ratio',
    'commands [Hz]',
    'latency [us]',
)
"""Columns of the table; the latency is the 99th percentile."""


@dataclass(frozen=True, kw_only=True)
class ComparisonSettings:
    """Which scenario, controller and seeds are compared."""

    scenario: str
    """A scenario without wall whose physics stay."""
    controller: str = DEFAULT
    """One of ours, with the settings that the node has by default."""
    first_seed: int = 10_000
    n_seeds: int = 10
    payload: float | None = None
    """Payload in place of that of the scenario [kg]."""
    duration: float = 10.0
    """Length of a run [s]."""
    models: Mapping[str, Path] = field(default_factory=dict)
    """Model files by what they are for."""


@dataclass(frozen=True, kw_only=True)
class ComparedSeed:
    """Tracking errors of one seed, over ROS and in lockstep."""

    seed: int
    payload: float
    """Its payload [kg]."""
    ros: RosTrackingRun
    lockstep_mrad: float
    """RMS error in lockstep, of the repetition [mrad]."""
    first_mrad: float
    """RMS error in lockstep, of the first run, as in the benchmark [mrad]."""
    none_mrad: float
    """RMS error of the first run in lockstep without correction [mrad]."""
    lockstep_joints_mrad: tuple[float, ...]
    """RMS error of each joint in lockstep, of the repetition [mrad]."""


@dataclass(frozen=True, kw_only=True)
class TrackingComparison:
    """Tracking errors of all seeds, over ROS and in lockstep."""

    robot: str
    settings: ComparisonSettings
    seeds: tuple[ComparedSeed, ...]

    @property
    def ros_mrad(self) -> float:
        """RMS error over ROS, mean over seeds [mrad]."""
        return float(np.mean([seed.ros.rms_mrad for seed in self.seeds]))

    @property
    def lockstep_mrad(self) -> float:
        """RMS error in lockstep of the same repetition, mean over seeds [mrad]."""
        return float(np.mean([seed.lockstep_mrad for seed in self.seeds]))

    @property
    def ratio(self) -> float:
        """Error over ROS as a multiple of that in lockstep."""
        return self.ros_mrad / self.lockstep_mrad

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON-ready values."""
        settings = self.settings
        return {
            'version': __version__,
            'robot': self.robot,
            'scenario': settings.scenario,
            'controller': settings.controller,
            'duration_s': settings.duration,
            'ros_rms_mrad': self.ros_mrad,
            'lockstep_rms_mrad': self.lockstep_mrad,
            'lockstep_first_rms_mrad': float(np.mean([seed.first_mrad for seed in self.seeds])),
            'none_rms_mrad': float(np.mean([seed.none_mrad for seed in self.seeds])),
            'ratio': self.ratio,
            'seeds': {
                str(seed.seed): {
                    'payload_kg': seed.payload,
                    'ros_rms_mrad': seed.ros.rms_mrad,
                    'lockstep_rms_mrad': seed.lockstep_mrad,
                    'lockstep_first_rms_mrad': seed.first_mrad,
                    'none_rms_mrad': seed.none_mrad,
                    'ros_joint_rms_mrad': seed.ros.joint_rms_mrad.tolist(),
                    'lockstep_joint_rms_mrad': list(seed.lockstep_joints_mrad),
                    'commands_hz': seed.ros.commands_hz,
                    'lost_true_states': seed.ros.lost,
                    'missed_ticks': seed.ros.missed_ticks,
                    'counters': dict(seed.ros.counters),
                    'latency_us': dict(seed.ros.latency_us),
                }
                for seed in self.seeds
            },
        }

    def text(self) -> str:
        """Return the figures as a table for a terminal."""
        first, none = (
            float(np.mean([getattr(seed, what) for seed in self.seeds]))
            for what in ('first_mrad', 'none_mrad')
        )
        rows = [
            [
                str(seed.seed),
                f'{seed.payload:.2f}',
                f'{seed.none_mrad:.2f}',
                f'{seed.first_mrad:.3f}',
                f'{seed.lockstep_mrad:.3f}',
                f'{seed.ros.rms_mrad:.3f}',
                f'{seed.ros.rms_mrad / seed.lockstep_mrad:.2f}',
                f'{seed.ros.commands_hz:.1f}',
                f'{seed.ros.latency_us["p99"]:.0f}',
            ]
            for seed in self.seeds
        ]
        means = [f'{none:.2f}', f'{first:.3f}', f'{self.lockstep_mrad:.3f}']
        rows.append(['mean', '', *means, f'{self.ros_mrad:.3f}', f'{self.ratio:.2f}', '', ''])
        title = f'{self.settings.scenario}, {self.settings.controller}, tracking error RMS [mrad]'
        return f'{title}\n{text_table(HEAD, rows)}'


def compare(
    robot: RobotDescription, settings: ComparisonSettings, progress: Progress = no_progress
) -> TrackingComparison:
    """Run every seed over ROS and in lockstep.

    Args:
        robot: Which robot.
        settings: What is run.
        progress: Called with steps done, steps in all, and what is being done.

    Raises:
        UnknownNameError: If there is no such scenario, or controller of ours.
        ConfigError: If there is no model for it, or the scenario cannot be run over ROS.
        DataError: If it cannot be armed.
    """
    if settings.scenario not in SCENARIOS:
        raise UnknownNameError('scenario', settings.scenario, SCENARIOS)
    if settings.controller not in LEARNED:
        raise UnknownNameError('controller to run over ROS', settings.controller, LEARNED)
    scenario = SCENARIOS[settings.scenario]
    method = METHODS[settings.controller]()
    given = GivenModels(models=settings.models)
    if not isinstance(method, Learned) or method.absent(given):
        raise ConfigError(f'There is no {Learned.model} model of {robot.name}; see --models.')
    usual = CONTROLLERS[settings.controller]()
    chosen = {name: getattr(usual, name) for name in method.grid[0]}
    done = []
    for number in range(settings.n_seeds):
        seed = settings.first_seed + number
        case = make_case(
            robot, scenario, seed, payload=settings.payload, duration=settings.duration
        )
        progress(number, settings.n_seeds, f'seed {seed} over ROS')
        ros = run_over_ros(
            case,
            settings.models[method.model].absolute(),
            {'controller': settings.controller},
            velocity_share=scenario.velocity_share,
        )
        progress(number, settings.n_seeds, f'seed {seed} in lockstep')
        double = twice(case)
        corrected = run_case(double, method.prepare(double, chosen, given).corrector)
        first, again = repetitions(corrected.run.tracking_error, len(case.motion))
        done.append(
            ComparedSeed(
                seed=seed,
                payload=case.hidden.payload,
                ros=ros,
                lockstep_mrad=rms_mrad(again),
                first_mrad=rms_mrad(first),
                none_mrad=rms_mrad(
                    run_case(case).run.tracking_error[scored_rows(len(case.motion))]
                ),
                lockstep_joints_mrad=tuple(rms_mrad(joint) for joint in again.T),
            )
        )
    progress(settings.n_seeds, settings.n_seeds, 'done')
    return TrackingComparison(robot=robot.name, settings=settings, seeds=tuple(done))


def twice(case: Case) -> Case:
    """Return a case whose motion is made twice."""
    motion = case.motion
    return replace(
        case,
        motion=replace(
            motion,
            position=np.tile(motion.position, (2, 1)),
            velocity=np.tile(motion.velocity, (2, 1)),
            acceleration=np.tile(motion.acceleration, (2, 1)),
        ),
    )


def repetitions(error: Matrix, n_rows: int) -> tuple[Matrix, Matrix]:
    """Return what is scored of a motion that was made twice.

    Args:
        error: Errors of both [rad] or [m] (2 n_rows, n_joints).
        n_rows: Rows of one.
    """
    scored = scored_rows(n_rows)
    return error[:n_rows][scored], error[n_rows:][scored]


def rms_mrad(error: Matrix | Vector) -> float:
    """Return the RMS of errors in thousandths of their unit."""
    return float(1e3 * np.sqrt(np.mean(error**2)))
