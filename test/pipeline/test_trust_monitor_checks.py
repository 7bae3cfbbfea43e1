# SPDX-License-Identifier: Apache-2.0
"""Tests for trust_monitor.py: the range of training, and sensors that stand still."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.pipeline.trust_monitor import FrozenSensor, RangeCheck
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest


@pytest.fixture(scope='module')
def card(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    """Two joints; velocity to 4 rad/s, position to 3 rad in training; dt 5 ms."""
    return load_model(make_model(tmp_path_factory.mktemp('model') / 'm.onnx')).card


def state(stamp_ms: float, position: float, velocity: float = 0.0) -> JointState:
    zero = np.zeros(2)
    return JointState(
        round(stamp_ms * 1e6), np.array([0.0, position]), np.array([0.0, velocity]), zero
    )


def seen(position: float, velocity: float = 0.0) -> Vector:
    """Return an observation of two joints, of which the second moves."""
    return np.array([0.0, position, 0.0, velocity, 0.0, 0.0])


def test_features_outside_the_training_range_are_named(card: ModelCard) -> None:
    check = RangeCheck(card, 0.1)  # position to 3 + 0.1 * 6, velocity to 4 + 0.1 * 8
    assert check.outside(seen(3.5, 4.7)) == ()
    assert check.outside(seen(3.7, 4.9)) == ('position.joint2', 'velocity.joint2')


def test_without_ranges_nothing_is_outside(card: ModelCard) -> None:
    assert RangeCheck(replace(card, training_ranges={}), 0.1).outside(seen(1e6)) == ()


def test_the_angle_of_a_continuous_joint_is_never_outside(card: ModelCard) -> None:
    turning = replace(card, joint_types=('revolute', 'continuous'))
    assert RangeCheck(turning, 0.1).outside(seen(50.0, 5.0)) == ('velocity.joint2',)


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
