# SPDX-License-Identifier: Apache-2.0
"""Tests for trust_monitor.py: sensors that stand still."""

from lstm_dynamics_ros.core.state import JointState
from lstm_dynamics_ros.pipeline.trust_monitor import FrozenSensor
import numpy as np


def state(stamp_ms: float, position: float, velocity: float = 0.0) -> JointState:
    zero = np.zeros(2)
    return JointState(
        round(stamp_ms * 1e6), np.array([0.0, position]), np.array([0.0, velocity]), zero
    )


def frozen(states: list[JointState], commands: list[float], patience: float = 0.02) -> list[bool]:
    sensor = FrozenSensor(np.array([0.5, 0.5]), patience)
    return [
        bool(sensor.check(s, np.array([0.0, c]))[1]) for s, c in zip(states, commands, strict=True)
    ]


def test_values_that_stand_still_under_a_changing_command_are_frozen() -> None:
    states = [state(5 * k, 0.3) for k in range(8)]
    commands = [0.2 * k for k in range(8)]  # above 0.5 N m from the fourth on, 20 ms at the fifth
    assert frozen(states, commands) == [False] * 4 + [True] * 4


def test_holding_still_under_a_constant_command_is_not_frozen() -> None:
    assert not any(frozen([state(5 * k, 0.3) for k in range(100)], [4.0] * 100))


def test_values_that_change_are_not_frozen() -> None:
    states = [state(5 * k, 0.3 + 1e-6 * (k // 3)) for k in range(30)]
    assert not any(frozen(states, [1.0 * k for k in range(30)]))


def test_a_trace_in_the_effort_alone_is_enough() -> None:
    states = [state(5 * k, 0.3)._replace(effort=np.array([0.0, 1e-3 * k])) for k in range(30)]
    assert not any(frozen(states, [1.0 * k for k in range(30)]))


def test_repeated_stamps_are_no_time() -> None:
    assert not any(frozen([state(5, 0.3)] * 30, [1.0 * k for k in range(30)]))


def test_effort_that_is_not_measured_can_freeze_too() -> None:
    nothing = np.full(2, np.nan)
    states = [state(5 * k, 0.3)._replace(effort=nothing) for k in range(8)]
    assert frozen(states, [1.0 * k for k in range(8)])[-1]


def test_only_the_joint_that_stands_still_is_named_and_it_recovers() -> None:
    sensor = FrozenSensor(np.array([0.5, 0.5]), 0.02)
    frozen = []
    for k in range(10):
        values = state(5 * k, 0.3)._replace(position=np.array([0.01 * k, 0.3]))
        frozen.append(sensor.check(values, np.array([k, k]) * 1.0))
    assert frozen[-1].tolist() == [False, True]
    assert not sensor.check(state(60, 0.4), np.array([9.0, 9.0])).any()


def test_a_clock_set_back_starts_the_watch_over() -> None:
    sensor = FrozenSensor(np.array([0.5, 0.5]), 0.02)
    for k in range(10):
        sensor.check(state(1000 + 5 * k, 0.3), np.array([0.0, k * 1.0]))
    assert not sensor.check(state(0, 0.3), np.array([0.0, 11.0])).any()
