# SPDX-License-Identifier: Apache-2.0
"""Tests for control/computed_torque.py, against joints whose equations are written out."""

from lstm_dynamics_ros.control.base import ControlContext, ControlInput, Controller, Prior
from lstm_dynamics_ros.control.computed_torque import ComputedTorqueConfig, PdGravityConfig
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference, Vector
import numpy as np
import pytest

MASS = np.array([[2.0, 0.3], [0.3, 0.5]])


class Coupled:
    """Two joints that push each other, under gravity; answers in one array."""

    def __init__(self) -> None:
        self._out = np.empty(2)

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """See the protocol."""
        self._out[:] = MASS @ acceleration + 0.1 * velocity**2 + 4.0 * np.sin(position)
        return self._out


def context(prior: Prior | None) -> ControlContext:
    return ControlContext(
        joint_names=('a', 'b'), period=0.005, latency=0.0, effort_limits=(9.0, 9.0), prior=prior
    )


def given(position: Vector, velocity: Vector, reference: Reference | None) -> ControlInput:
    state = JointState(0, position, velocity, np.zeros(2))
    return ControlInput(measured=state, reference=reference, preview=None, applied=np.zeros(2))


def test_the_error_dies_out_as_chosen() -> None:
    config = ComputedTorqueConfig(natural_frequency=(8.0, 5.0), damping_ratio=(1.0,))
    controller = config.build(context(Coupled()))
    target = Reference(0, np.array([0.5, -0.2]), np.zeros(2), np.array([0.3, 0.0]))
    q, dq = np.array([0.1, 0.4]), np.array([1.0, -2.0])
    tau = controller.torque(given(q, dq, target))
    assert tau is not None
    got = np.linalg.solve(MASS, tau - 0.1 * dq**2 - 4.0 * np.sin(q))
    frequency = np.array([8.0, 5.0])
    expected = target.acceleration - 2 * frequency * dq + frequency**2 * (target.position - q)
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_it_keeps_no_hand_on_what_the_model_returned() -> None:
    controller = ComputedTorqueConfig().build(context(Coupled()))
    target = Reference(0, np.ones(2), np.zeros(2), np.zeros(2))
    first = controller.torque(given(np.zeros(2), np.zeros(2), target))
    assert first is not None
    kept = first.copy()
    controller.torque(given(np.ones(2), np.ones(2), target))
    np.testing.assert_array_equal(first, kept)


def test_a_gain_may_change_while_it_runs() -> None:
    controller = ComputedTorqueConfig(natural_frequency=(1.0,)).build(context(Coupled()))
    controller.reconfigure(ComputedTorqueConfig(natural_frequency=(2.0,)))
    target = Reference(0, np.ones(2), np.zeros(2), np.zeros(2))
    tau = controller.torque(given(np.zeros(2), np.zeros(2), target))
    assert tau is not None
    np.testing.assert_allclose(tau, MASS @ np.full(2, 4.0))


def test_it_is_the_whole_command() -> None:
    assert ComputedTorqueConfig().build(context(Coupled())).full_command


def test_a_wrong_number_of_gains_is_refused() -> None:
    config = ComputedTorqueConfig(natural_frequency=(1.0, 2.0, 3.0))
    with pytest.raises(ConfigError, match=r'natural_frequency must have 1 value or one for each'):
        config.build(context(Coupled()))


def test_without_a_rigid_body_model_it_is_refused() -> None:
    with pytest.raises(ConfigError, match='computed_torque needs a rigid-body model'):
        ComputedTorqueConfig().build(context(None))


class Pendulums:
    """Two pendulums; motion must not matter to a gravity compensation."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """See the protocol."""
        return 7.0 * np.sin(position) + 100.0 * velocity + 100.0 * acceleration


def commanded(controller: Controller) -> Vector:
    state = np.array([0.1, 0.4]), np.array([1.0, -2.0])
    tau = controller.torque(given(*state, TARGET))
    assert tau is not None
    return tau


TARGET = Reference(0, np.array([0.5, -0.2]), np.array([0.5, 0.0]), np.ones(2))


def test_pd_gravity_pulls_to_the_reference_and_carries_the_weight() -> None:
    config = PdGravityConfig(stiffness=(10.0, 20.0), damping=(2.0,))
    tau = commanded(config.build(context(Pendulums())))
    expected = [10 * 0.4 + 2 * -0.5 + 7 * np.sin(0.1), 20 * -0.6 + 2 * 2.0 + 7 * np.sin(0.4)]
    np.testing.assert_allclose(tau, expected, rtol=1e-12)


def test_a_stiffness_may_change_while_it_runs() -> None:
    controller = PdGravityConfig().build(context(Pendulums()))
    controller.reconfigure(PdGravityConfig(stiffness=(0.0,), damping=(0.0,)))
    np.testing.assert_allclose(commanded(controller), 7 * np.sin([0.1, 0.4]))


def test_gains_that_do_not_fit_change_nothing() -> None:
    controller = PdGravityConfig(stiffness=(0.0,), damping=(0.0,)).build(context(Pendulums()))
    with pytest.raises(ConfigError, match='damping must have 1 value'):
        controller.reconfigure(PdGravityConfig(stiffness=(9.0,), damping=(1.0, 2.0, 3.0)))
    np.testing.assert_allclose(commanded(controller), 7 * np.sin([0.1, 0.4]))


def test_pd_gravity_is_the_whole_command() -> None:
    assert PdGravityConfig().build(context(Pendulums())).full_command


def test_pd_gravity_without_a_rigid_body_model_is_refused() -> None:
    with pytest.raises(ConfigError, match='pd_gravity needs a rigid-body model'):
        PdGravityConfig().build(context(None))
