# SPDX-License-Identifier: Apache-2.0
"""A whole pipeline tick as a callable, for the latency benchmark."""

from collections.abc import Callable

from lstm_dynamics_ros.grid import nanoseconds
from lstm_dynamics_ros.pipeline import Pipeline
from lstm_dynamics_ros.pipeline_settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.state import RawSample


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
        """Return where the robot is told to be at a time [ns]."""
        return self._source.at(stamp_ns % self._duration_ns)


def control_tick(path: Path, robot_name: str = 'arm') -> Callable[[], object]:
    """Return a function that takes one joint state of a moving robot through an armed pipeline.

    The motion is recorded once, with the correction on, and then handed in again and again.

    Args:
        path: Model for control.
        robot_name: Embedded robot that it is of.
    """
    case = make_case(load_robot(robot_name), SCENARIOS['clean'], 0)
    config = {'bandwidth': 20.0}
    knowledge = Knowledge(models={'residual': path})
    seen: list[JointState] = []
    entry = CONTESTANTS[DEFAULT]().enter(case, config, knowledge)

    class Recorded(Corrector):
        def correct(self, measured: JointState, applied: Vector) -> Correction:
            seen.append(measured)
            return cast('Corrector', entry.corrector).correct(measured, applied)

    run_case(case, Recorded())
    corrector = cast(
        'PipelineCorrector', CONTESTANTS[DEFAULT]().enter(case, config, knowledge).corrector
    )
    period = nanoseconds(PERIOD)
    pipeline = corrector.pipeline
    pipeline.reference = _Again(MotionReference(case.motion), len(seen) * period)
    rest = np.zeros(len(case.robot.joint_names))
    count = 0

    def tick() -> object:
        nonlocal count
        measured = replace(seen[count % len(seen)], stamp_ns=count * period)
        count += 1
        return corrector.correct(measured, rest)

    return tick
