# SPDX-License-Identifier: Apache-2.0
"""Tests for control/computed_torque.py."""

from lstm_dynamics_ros.control.base import ControlContext, ControlInput, Controller, Prior
from lstm_dynamics_ros.control.computed_torque import PdGravityConfig
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference, Vector
import numpy as np
import pytest


class Pendulums:
    """Two pendulums; motion must not matter to a gravity compensation."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """See the protocol."""
        return 7.0 * np.sin(position) + 100.0 * velocity + 100.0 * acceleration


def context(prior: Prior | None) -> ControlContext:
    return ControlContext(
        joint_names=('a', 'b'), period=0.005, latency=0.0, effort_limits=(9.0, 9.0), prior=prior
    )


def given(reference: Reference | None) -> ControlInput:
    state = JointState(0, np.array([0.1, 0.4]), np.array([1.0, -2.0]), np.zeros(2))
    return ControlInput(measured=state, reference=reference, preview=None, applied=np.zeros(2))


def commanded(controller: Controller) -> Vector:
    tau = controller.torque(given(TARGET))
    assert tau is not None
    return tau


TARGET = Reference(0, np.array([0.5, -0.2]), np.array([0.5, 0.0]), np.ones(2))


def test_it_pulls_to_the_reference_and_carries_the_weight() -> None:
    config = PdGravityConfig(stiffness=(10.0, 20.0), damping=(2.0,))
    tau = commanded(config.build(context(Pendulums())))
    expected = [10 * 0.4 + 2 * -0.5 + 7 * np.sin(0.1), 20 * -0.6 + 2 * 2.0 + 7 * np.sin(0.4)]
    np.testing.assert_allclose(tau, expected, rtol=1e-12)


def test_a_gain_may_change_while_it_runs() -> None:
    controller = PdGravityConfig().build(context(Pendulums()))
    controller.reconfigure(PdGravityConfig(stiffness=(0.0,), damping=(0.0,)))
    np.testing.assert_allclose(commanded(controller), 7 * np.sin([0.1, 0.4]))


def test_gains_that_do_not_fit_change_nothing() -> None:
    controller = PdGravityConfig(stiffness=(0.0,), damping=(0.0,)).build(context(Pendulums()))
    with pytest.raises(ConfigError, match='damping must have 1 value'):
        controller.reconfigure(PdGravityConfig(stiffness=(9.0,), damping=(1.0, 2.0, 3.0)))
    np.testing.assert_allclose(commanded(controller), 7 * np.sin([0.1, 0.4]))


def test_it_is_the_whole_command() -> None:
    assert PdGravityConfig().build(context(Pendulums())).full_command


def test_without_a_rigid_body_model_it_is_refused() -> None:
    with pytest.raises(ConfigError, match='pd_gravity needs a rigid-body model'):
        PdGravityConfig().build(context(None))
