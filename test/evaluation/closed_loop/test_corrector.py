# SPDX-License-Identifier: Apache-2.0
"""Tests of what stands between a controller and a lockstep run."""

from collections.abc import Callable

from lstm_dynamics_ros.control.base import ControlInput, Controller
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import (
    AT_ONCE,
    ControllerCorrector,
    MotionReference,
    OPEN_GATE,
    PipelineCorrector,
)
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.safety.gate import Gate
import numpy as np


class Asking(Controller):
    """Asks for a fixed torque and keeps what it was given."""

    def __init__(self, torque: Vector) -> None:
        self.wanted = torque
        self.given: list[ControlInput] = []

    def torque(self, given: ControlInput) -> Vector:
        self.given.append(given)
        return self.wanted

    def reset(self) -> None:
        self.given.clear()


def measured_at(case: Case, stamp_ns: int) -> JointState:
    rest = np.zeros(len(case.robot.links))
    return JointState(stamp_ns, case.robot.home, rest, rest)


def test_the_reference_is_the_motion_by_time_and_its_ends_hold(case: Case) -> None:
    reference = MotionReference(case.motion)

    np.testing.assert_array_equal(reference.at(1_234_000_000).position, case.motion.position[1234])
    np.testing.assert_array_equal(reference.at(-1_000_000).position, case.motion.position[0])
    late = reference.at(60_000_000_000)
    np.testing.assert_array_equal(late.position, case.motion.position[-1])
    np.testing.assert_array_equal(late.velocity, 0.0)


def test_a_controller_sees_the_reference_now_and_one_latency_later(case: Case) -> None:
    controller = Asking(np.zeros(2))

    ControllerCorrector(case, controller).correct(measured_at(case, 1_000_000_000), np.ones(2))

    given = controller.given[0]
    assert given.reference is not None
    assert given.preview is not None
    np.testing.assert_array_equal(given.reference.velocity, case.motion.velocity[1000])
    np.testing.assert_array_equal(given.preview.velocity, case.motion.velocity[1010])
    np.testing.assert_array_equal(given.applied, 1.0)


def test_torque_is_clamped_and_slewed_like_everybody_elses(case: Case) -> None:
    corrector = ControllerCorrector(case, Asking(np.array([1e3, -1e3])))

    torques = np.array(
        [
            corrector.correct(measured_at(case, 5_000_000 * k), np.zeros(2)).torque.copy()
            for k in range(40)
        ]
    )

    bound = 0.6 * case.robot.effort_limit
    np.testing.assert_allclose(torques[-1], [bound[0], -bound[1]])
    np.testing.assert_allclose(torques[0], [5.0, -5.0])  # 1000 N m/s for 5 ms


def test_a_pipeline_is_armed_once_it_is_warm_and_knows_motion_and_latency(
    case: Case, load: Callable[..., LoadedModel]
) -> None:
    loaded = load(joint_names=case.robot.joint_names)
    asking = Asking(np.array([0.5, -0.5]))
    pipeline = Pipeline(
        loaded,
        PipelineSettings(horizon_steps=0, latency=case.latency),
        controller=asking,
        gate=Gate(OPEN_GATE, (60.0, 25.0), PERIOD),
        safety=AT_ONCE,
    )

    done = run_case(case, PipelineCorrector(case, pipeline))

    given = asking.given[-1]
    assert given.preview is not None
    assert given.preview.stamp_ns - given.measured.stamp_ns == 10_000_000
    np.testing.assert_array_equal(done.correction[0], 0.0)
    np.testing.assert_allclose(done.correction[-1], [0.5, -0.5])
