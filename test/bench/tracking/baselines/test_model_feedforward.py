# SPDX-License-Identifier: Apache-2.0
"""Tests of the identified feed-forward and its observer."""

from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel
from lstm_dynamics_bench.tracking.baselines.model_feedforward import (
    Butterworth,
    FittedTorque,
    ModelFeedforward,
    PositionObserver,
)
from lstm_dynamics_ros.control.base import ControlContext, ControlInput, Controller
from lstm_dynamics_ros.control.disturbance_observer import DisturbanceObserverConfig
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import context_of
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import make_case, SCENARIOS
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot
import numpy as np
import pytest
from scipy import signal

ROBOT = load_robot('pendulum')
CASE = make_case(ROBOT, SCENARIOS['clean'], 0, duration=4.0)
MODEL = IdentifiedModel(
    load=np.array([0.5, 0.0, 0.0, -0.1]),
    coulomb=np.array([1.0, 0.5]),
    viscous=np.array([0.2, 0.1]),
    residual=0.0,
)


def inputs(n: int) -> list[ControlInput]:
    rng = np.random.default_rng(0)
    out = []
    for k in range(n):
        q, dq, ddq, effort = rng.normal(size=(4, 2))
        measured = JointState(5_000_000 * k, ROBOT.home + 0.01 * q, 0.1 * dq, effort)
        reference = Reference(5_000_000 * k, ROBOT.home + q, dq, ddq)
        out.append(
            ControlInput(
                measured=measured, reference=reference, preview=reference, applied=np.zeros(2)
            )
        )
    return out


def torque_of(controller: Controller, given: ControlInput) -> Vector:
    torque = controller.torque(given)
    assert torque is not None
    return torque


def test_the_fitted_torque_is_that_of_load_and_friction() -> None:
    reference = inputs(1)[0].reference
    assert reference is not None
    state = reference.position, reference.velocity, reference.acceleration
    loaded = NominalModel(ROBOT, point_mass=0.5, at=(0.0, 0.0, -0.2)).torque(*state).copy()

    torque = FittedTorque(ROBOT, MODEL, 0.05).along(reference)

    expected = (
        loaded - NominalModel(ROBOT).torque(*state) + MODEL.friction(reference.velocity, 0.05)
    )
    np.testing.assert_allclose(torque, expected)


def test_without_a_model_it_is_the_disturbance_observer() -> None:
    context = context_of(CASE)
    ours = ModelFeedforward(context, bandwidth=20.0, velocity_delay=0.002)
    other = DisturbanceObserverConfig(bandwidth=20.0).build(context_of(CASE))

    for given in inputs(20):
        np.testing.assert_allclose(torque_of(ours, given), torque_of(other, given))


def test_the_observer_sees_only_what_the_model_leaves() -> None:
    fitted = FittedTorque(ROBOT, MODEL, 0.05)
    both = ModelFeedforward(context_of(CASE), fitted=fitted, bandwidth=20.0)
    alone = ModelFeedforward(context_of(CASE), fitted=FittedTorque(ROBOT, MODEL, 0.05))
    prior = NominalModel(ROBOT)
    rest = np.zeros(2)
    reference = Reference(0, ROBOT.home, rest, rest)
    for k in range(400):  # holding still, with exactly what the model expects
        explained = FittedTorque(ROBOT, MODEL, 0.05).along(reference)
        effort = prior.torque(ROBOT.home, rest, rest) + explained
        given = ControlInput(
            measured=JointState(5_000_000 * k, ROBOT.home, rest, effort),
            reference=reference._replace(stamp_ns=5_000_000 * k),
            preview=reference._replace(stamp_ns=5_000_000 * (k + 2)),
            applied=rest,
        )
        np.testing.assert_allclose(torque_of(both, given), torque_of(alone, given), atol=1e-12)


def test_a_low_pass_smooths_the_estimate_of_the_observer() -> None:
    plain = ModelFeedforward(context_of(CASE), bandwidth=40.0)
    smooth = ModelFeedforward(
        context_of(CASE), bandwidth=40.0, low_pass=Butterworth(3.0, 0.005, 2)
    )

    rough = np.array([[torque_of(one, given) for one in (plain, smooth)] for given in inputs(200)])

    assert np.diff(rough[:, 1], axis=0).std() < 0.2 * np.diff(rough[:, 0], axis=0).std()


def test_no_smoothing_is_refused() -> None:
    with pytest.raises(ConfigError, match='smoothing > 0'):
        FittedTorque(ROBOT, MODEL, 0.0)


class Mass:
    """A body of 2 kg."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        return 2.0 * acceleration


def context(prior: Mass | None) -> ControlContext:
    return ControlContext(
        joint_names=('a',), period=0.005, latency=0.01, effort_limits=(10.0,), prior=prior
    )


def test_it_finds_a_constant_force() -> None:
    """A body of 2 kg that is pushed with 5 N and accelerates with 1 m/s^2 is held back by 3 N."""
    observer = PositionObserver(context(Mass()), 20.0)
    for k in range(400):
        t = 0.005 * k
        found = observer.update(
            JointState(5_000_000 * k, np.array([0.5 * t * t]), np.array([t]), np.array([5.0]))
        )
    np.testing.assert_allclose(found, 3.0, rtol=1e-6)


def test_without_a_rigid_body_model_it_is_refused() -> None:
    with pytest.raises(ConfigError, match='prior'):
        PositionObserver(context(None), 20.0)


@pytest.mark.parametrize('cutoff', [1.0, 5.0, 40.0])
def test_it_is_scipys_butterworth_filter(cutoff: float) -> None:
    values = np.random.default_rng(0).normal(size=(300, 2))
    low_pass = Butterworth(cutoff, 0.005, 2)

    filtered = np.array([low_pass.step(row) for row in values])

    b, a = signal.butter(2, cutoff, fs=200.0)
    np.testing.assert_allclose(filtered, signal.lfilter(b, a, values, axis=0), atol=1e-12)


def test_a_ramp_lags_by_the_delay_of_the_low_pass() -> None:
    low_pass = Butterworth(5.0, 0.001, 1)

    for k in range(2000):
        out = low_pass.step(np.array([k * 0.001]))

    np.testing.assert_allclose(1.999 - out, low_pass.delay, rtol=1e-3)


def test_after_a_reset_the_low_pass_starts_from_zero() -> None:
    low_pass = Butterworth(5.0, 0.005, 1)
    first = low_pass.step(np.ones(1))
    low_pass.reset()

    np.testing.assert_array_equal(low_pass.step(np.ones(1)), first)


@pytest.mark.parametrize('cutoff', [0.0, 100.0])
def test_a_cutoff_out_of_range_is_refused(cutoff: float) -> None:
    with pytest.raises(ConfigError, match='below 100 Hz'):
        Butterworth(cutoff, 0.005, 1)
