# SPDX-License-Identifier: Apache-2.0
"""Tests of integral action."""

from lstm_dynamics_bench.tracking.baselines.integral_action import IntegralAction
from lstm_dynamics_ros.control.base import ControlInput
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference
import numpy as np
import pytest


def given(error: float, *, frozen: bool = False) -> ControlInput:
    rest = np.zeros(2)
    reference = Reference(0, np.full(2, error), rest, rest)
    measured = JointState(0, rest, rest, rest)
    return ControlInput(
        measured=measured, reference=reference, preview=reference, applied=rest, frozen=frozen
    )


def make(rate: float = 2.0) -> IntegralAction:
    return IntegralAction(
        rate, stiffness=np.array([100.0, 10.0]), bound=np.array([5.0, 0.2]), period=0.01
    )


def test_it_sums_error_times_stiffness_over_time() -> None:
    controller = make()

    for _ in range(10):
        torque = controller.torque(given(0.05))

    np.testing.assert_allclose(torque, 10 * 2.0 * np.array([100.0, 10.0]) * 0.05 * 0.01)


def test_it_does_not_wind_up() -> None:
    controller = make()
    for _ in range(10_000):
        controller.torque(given(0.5))

    torque = controller.torque(given(-0.5))

    np.testing.assert_allclose(torque, [5.0 - 1.0, 0.2 - 0.1])


def test_it_stands_still_while_frozen_and_forgets_on_reset() -> None:
    controller = make()
    before = controller.torque(given(0.1)).copy()

    np.testing.assert_array_equal(controller.torque(given(0.1, frozen=True)), before)

    controller.reset()
    np.testing.assert_array_equal(controller.torque(given(0.0)), 0.0)


def test_a_negative_rate_is_refused() -> None:
    with pytest.raises(ConfigError, match='rate >= 0'):
        make(-1.0)
