# SPDX-License-Identifier: Apache-2.0
"""A whole pipeline tick as a callable, for the latency benchmark."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.base import GivenModels
from lstm_dynamics_bench.tracking.methods.learned import DEFAULT
from lstm_dynamics_ros.core.state import JointState, RawSample, Reference, ReferenceSource, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import (
    Correction,
    Corrector,
    MotionReference,
    PipelineCorrector,
)
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import make_case, PERIOD, SCENARIOS
from lstm_dynamics_ros.pipeline.pipeline import Pipeline
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.signals.time_grid import nanoseconds
from lstm_dynamics_ros.sim.robot import load_robot
import numpy as np


def whole_tick(loaded: LoadedModel, *, horizon_steps: int) -> Callable[[], object]:
    """Return a function that takes one joint state through the pipeline: one grid point each."""
    card = loaded.card
    pipeline = Pipeline(loaded, PipelineSettings(horizon_steps=horizon_steps))
    mean = {
        kind: [card.training_ranges[f'{kind}.{joint}'].mean for joint in card.joint_names]
        if card.columns(kind) is not None
        else [0.0] * card.n_joints
        for kind in ('position', 'velocity', 'effort')
    }
    period = nanoseconds(card.dt)
    now = 0

    def tick() -> object:
        nonlocal now
        now += period
        return pipeline.tick(
            [RawSample(now, card.joint_names, mean['position'], mean['velocity'], mean['effort'])]
        )

    return tick


class _Again:
    """A reference that starts over at its end."""

    def __init__(self, source: ReferenceSource, duration_ns: int) -> None:
        self._source = source
        self._duration_ns = duration_ns

    def at(self, stamp_ns: int) -> Reference | None:
        """Return the reference at a time [ns]."""
        reference = self._source.at(stamp_ns % self._duration_ns)
        return None if reference is None else reference._replace(stamp_ns=stamp_ns)


class _Recorded(Corrector):
    """A corrector that keeps what was measured."""

    def __init__(self, corrector: Corrector) -> None:
        self._corrector = corrector
        self.seen: list[JointState] = []

    def correct(self, measured: JointState, applied: Vector) -> Correction:
        """See the base class."""
        self.seen.append(measured)
        return self._corrector.correct(measured, applied)


def control_tick(path: Path, robot_name: str) -> Callable[[], object]:
    """Return a function that takes one joint state of a moving robot through an armed pipeline.

    The motion is recorded once, with the default correction on, and then handed in again and
    again. It begins and ends at rest, at home.

    Args:
        path: Model for control.
        robot_name: Embedded robot that it is of.
    """
    case = make_case(load_robot(robot_name), SCENARIOS['clean'], 0)
    recorded = _Recorded(_corrector(path, robot_name))
    run_case(case, recorded)
    corrector = _corrector(path, robot_name)
    period, rows = nanoseconds(PERIOD), recorded.seen
    corrector.pipeline.reference = _Again(MotionReference(case.motion), len(rows) * period)
    rest = np.zeros(len(case.robot.joint_names))
    count = 0

    def tick() -> object:
        nonlocal count
        measured = rows[count % len(rows)]._replace(stamp_ns=count * period)
        count += 1
        return corrector.correct(measured, rest)

    return tick


def _corrector(path: Path, robot_name: str) -> PipelineCorrector:
    """Return the default controller behind its pipeline."""
    case = make_case(load_robot(robot_name), SCENARIOS['clean'], 0)
    kind = METHODS[DEFAULT]()
    made = kind.prepare(
        case, {'bandwidth': 20.0}, GivenModels(models={'residual': path})
    ).corrector
    if not isinstance(made, PipelineCorrector):
        raise TypeError(f'{DEFAULT} is no pipeline.')
    return made
