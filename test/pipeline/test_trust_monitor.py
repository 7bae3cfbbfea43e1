# SPDX-License-Identifier: Apache-2.0
"""Tests for trust_monitor.py."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.card import ModelCard, Range
from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.pipeline.settings import SafetySettings
from lstm_dynamics_ros.pipeline.trust_monitor import (
    AFTERMATH,
    BRIEF_TOUCH,
    FrozenSensor,
    LONGEST_TOUCH,
    TrustMonitor,
)
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
from lstm_dynamics_ros.safety.confidence import ConfidenceSettings
import numpy as np
import pytest

DT = 0.005
INSIDE = np.zeros(8)


class Carrier:
    """A prior that knows the effort per kilogram of payload: 4 N m and 2 N m."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return np.zeros(2)

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:  # noqa: ARG002
        """See the protocol."""
        return np.array([[4.0, 0.0, 0.0, 0.0], [2.0, 0.0, 0.0, 0.0]])


class Tool(Carrier):
    """A prior that knows how the tool moves, too: 1 N takes 2 N m and 1 N m."""

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:  # noqa: ARG002
        """See the protocol."""
        return np.zeros((2, 4))

    def tool_jacobian(self, position: Vector) -> Matrix:  # noqa: ARG002
        """See the protocol."""
        return np.array([[2.0, 1.0], [0.0, 0.0], [0.0, 0.0]])


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    return load(
        kind='motion',
        disturbance_bandwidth=20.0,
        conformal={'0.1': {'0': {'effort': [2.0, 1.0]}}},
        errors={'0': {'effort': {'model': [0.5, 0.25]}}},
    ).card


def state(k: int, value: float = 0.0) -> JointState:
    return JointState(round(1e9 * k * DT), np.full(2, value), np.zeros(2), np.full(2, value))


def run(
    monitor: TrustMonitor, deviation: list[float], seconds: float, **changes: Vector
) -> TrustMonitor:
    for k in range(round(seconds / DT)):
        monitor.update(
            state(k, 1e-3 * k),
            changes.get('observation', INSIDE),
            np.array(deviation),
            None,
            warm=True,
        )
    return monitor


def test_small_deviations_earn_trust(card: ModelCard) -> None:
    monitor = run(TrustMonitor(card, SafetySettings(), None, motion_model=True), [0.3, 0.1], 1.5)
    assert monitor.confidence.value == 1.0
    assert not monitor.contact.contact


def test_a_large_deviation_is_contact_at_once_and_lowers_trust_after_a_while(
    card: ModelCard,
) -> None:
    monitor = run(TrustMonitor(card, SafetySettings(), None, motion_model=True), [0.3, 0.1], 1.5)
    run(monitor, [0.0, 7.0], 0.06)
    seen = [
        (
            monitor.contact.contact,
            monitor.touched,
            monitor.confidence.value > 0.8,
        )
    ]
    run(monitor, [0.0, 7.0], BRIEF_TOUCH - 0.1)
    seen.append(
        (
            monitor.contact.contact,
            monitor.touched,
            monitor.confidence.value > 0.8,
        )
    )
    run(monitor, [0.0, 7.0], AFTERMATH + 0.5)
    seen.append(
        (
            monitor.contact.contact,
            monitor.touched,
            monitor.confidence.value < 0.5,
        )
    )
    assert seen == [(True, True, True), (True, True, True), (True, False, True)]


def test_a_force_at_the_tool_is_kept_from_the_model_longer(card: ModelCard) -> None:
    touched = []
    for deviation in ([8.0, 4.0], [8.0, -4.0]):  # along a force at the tool, and across it
        monitor = run(
            TrustMonitor(card, SafetySettings(), Tool(), motion_model=True), [0.3, 0.1], 1.5
        )
        run(monitor, deviation, 0.5)
        touched.append((monitor.contact.at_tool, monitor.touched))
        run(monitor, deviation, LONGEST_TOUCH)
        touched.append((monitor.contact.contact, monitor.touched))
    assert touched == [(True, True), (True, False), (False, False), (True, False)]


def test_while_trust_is_low_nothing_new_counts_as_contact(card: ModelCard) -> None:
    monitor = run(TrustMonitor(card, SafetySettings(), Tool(), motion_model=True), [0.3, 0.1], 0.5)
    run(monitor, [3.0, 1.5], 0.2)
    assert monitor.contact.count == 0


def test_the_band_is_wider_where_much_torque_is_expected_or_changes(card: ModelCard) -> None:
    counted = []
    for expected, slope in ((0.0, 0.0), (100.0, 0.0), (0.0, 50.0)):
        monitor = TrustMonitor(card, SafetySettings(), None, motion_model=True)
        for k in range(500):
            residual = np.array([0.0, 6.0 if k >= 400 else 0.0])
            torque = np.full(2, expected + slope * np.sin(0.02 * k))
            monitor.update(state(k, 1e-3 * k), INSIDE, residual, None, expected=torque, warm=True)
        counted.append(monitor.contact.count)
    assert counted == [1, 0, 0]


def test_a_payload_is_no_contact_if_the_prior_knows_it(card: ModelCard) -> None:
    monitor = TrustMonitor(card, SafetySettings(), Carrier(), motion_model=True)
    run(run(monitor, [0.3, 0.1], 1.5), [10.0, 5.0], 0.5)
    assert monitor.contact.count == 0
    assert monitor.contact.payload
    strange = TrustMonitor(card, SafetySettings(), None, motion_model=True)
    run(run(strange, [0.3, 0.1], 1.5), [10.0, 5.0], 0.5)
    assert strange.contact.count == 1


def test_noise_of_encoders_is_no_contact_and_lowers_no_trust(card: ModelCard) -> None:
    monitor = TrustMonitor(card, SafetySettings(), None, motion_model=True)
    noise = 40.0 * np.diff(np.random.default_rng(0).normal(size=(2002, 2)), n=2, axis=0)
    touched = []
    for k, row in enumerate(noise):
        monitor.update(state(k, 1e-3 * k), INSIDE, row, None, warm=True)
        touched.append(monitor.contact.contact)
    assert not any(touched[200:])
    assert monitor.confidence.value > 0.9


def test_outside_the_training_range_there_is_no_trust(card: ModelCard) -> None:
    monitor = run(TrustMonitor(card, SafetySettings(), None, motion_model=True), [0.3, 0.1], 1.5)
    run(monitor, [0.3, 0.1], 0.2, observation=np.full(8, 5.0))
    assert monitor.confidence.value == 0.0


@pytest.mark.parametrize(
    ('mass', 'trusted', 'overloaded'), [(2.0, True, False), (5.0, False, True)]
)
def test_a_payload_heavier_than_any_in_training_takes_all_trust(
    make_model: Callable[..., Path], tmp_path: Path, mass: float, trusted: bool, overloaded: bool
) -> None:
    card = load_model(
        make_model(
            tmp_path / 'm.onnx',
            kind='weighing',
            disturbance_bandwidth=20.0,
            conformal={'0.1': {'0': {'effort': [2.0, 1.0]}}},
            errors={'0': {'effort': {'model': [0.5, 0.25]}}},
        )
    ).card
    ranges = card.training_ranges | {'payload': Range(minimum=0.0, maximum=3.0, mean=1.5, std=1.0)}
    card = replace(card, training_ranges=ranges)
    monitor = TrustMonitor(card, SafetySettings(), None, motion_model=True)
    observation = np.zeros(18)
    observation[16:] = 4.0
    observation[6:8] = 4.0 * mass
    run(monitor, [0.3, 0.1], 2.0, observation=observation)
    assert (monitor.confidence.value == 1.0, monitor.payload.overloaded) == (
        trusted,
        overloaded,
    )


def test_a_sensor_that_repeats_itself_while_commands_change_is_named(card: ModelCard) -> None:
    monitor = TrustMonitor(card, SafetySettings(), None, motion_model=True)
    for k in range(100):
        command = np.array([5.0 * np.sin(0.1 * k), 0.0])
        monitor.update(state(k, 0.2), INSIDE, np.zeros(2), command, warm=True)
    named = [monitor.dead]
    monitor.reset()
    named.append(monitor.dead)
    assert named == [('joint1',), ()]


def test_before_the_model_is_warm_nothing_is_judged(card: ModelCard) -> None:
    monitor = TrustMonitor(card, SafetySettings(), None, motion_model=True)
    for k in range(300):
        monitor.update(state(k, 1e-3 * k), INSIDE, np.array([0.0, 50.0]), None, warm=False)
    assert monitor.contact.count == 0
    assert monitor.confidence.value == 0.0


def test_without_a_band_only_the_range_counts(card: ModelCard) -> None:
    monitor = TrustMonitor(replace(card, conformal={}), SafetySettings(), None, motion_model=True)
    run(monitor, [0.0, 80.0], 1.5)
    assert monitor.confidence.value == 1.0
    assert monitor.contact.count == 0


def test_settings_may_change_while_it_runs(card: ModelCard) -> None:
    monitor = TrustMonitor(card, SafetySettings(), None, motion_model=True)
    monitor.use(SafetySettings(confidence=ConfidenceSettings(rise_time=0.0)))
    run(monitor, [0.0, 0.0], DT)
    assert monitor.confidence.value == 1.0


def reading(stamp_ms: float, position: float, velocity: float = 0.0) -> JointState:
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
    states = [reading(5 * k, 0.3) for k in range(8)]
    commands = [0.2 * k for k in range(8)]  # above 0.5 N m from the fourth on, 20 ms at the fifth
    assert frozen(states, commands) == [False] * 4 + [True] * 4


def test_holding_still_under_a_constant_command_is_not_frozen() -> None:
    assert not any(frozen([reading(5 * k, 0.3) for k in range(100)], [4.0] * 100))


def test_values_that_change_are_not_frozen() -> None:
    states = [reading(5 * k, 0.3 + 1e-6 * (k // 3)) for k in range(30)]
    assert not any(frozen(states, [1.0 * k for k in range(30)]))


def test_a_trace_in_the_effort_alone_is_enough() -> None:
    states = [reading(5 * k, 0.3)._replace(effort=np.array([0.0, 1e-3 * k])) for k in range(30)]
    assert not any(frozen(states, [1.0 * k for k in range(30)]))


def test_repeated_stamps_are_no_time() -> None:
    assert not any(frozen([reading(5, 0.3)] * 30, [1.0 * k for k in range(30)]))


def test_effort_that_is_not_measured_can_freeze_too() -> None:
    nothing = np.full(2, np.nan)
    states = [reading(5 * k, 0.3)._replace(effort=nothing) for k in range(8)]
    assert frozen(states, [1.0 * k for k in range(8)])[-1]


def test_only_the_joint_that_stands_still_is_named_and_it_recovers() -> None:
    sensor = FrozenSensor(np.array([0.5, 0.5]), 0.02)
    frozen = []
    for k in range(10):
        values = reading(5 * k, 0.3)._replace(position=np.array([0.01 * k, 0.3]))
        frozen.append(sensor.check(values, np.array([k, k]) * 1.0))
    assert frozen[-1].tolist() == [False, True]
    assert not sensor.check(reading(60, 0.4), np.array([9.0, 9.0])).any()


def test_a_clock_set_back_starts_the_watch_over() -> None:
    sensor = FrozenSensor(np.array([0.5, 0.5]), 0.02)
    for k in range(10):
        sensor.check(reading(1000 + 5 * k, 0.3), np.array([0.0, k * 1.0]))
    assert not sensor.check(reading(0, 0.3), np.array([0.0, 11.0])).any()
