# SPDX-License-Identifier: Apache-2.0
"""Tests for control/feedforward.py, with the textbook pendulum."""

from collections.abc import Callable
from dataclasses import replace
import math

from lstm_dynamics_ros.control.base import ControlContext, ControlInput
from lstm_dynamics_ros.control.feedforward import (
    Feedforward,
    FeedforwardConfig,
    FeedforwardDob,
    FeedforwardDobConfig,
    LARGEST_PHASE,
)
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference, Vector
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

MASS, LENGTH, GRAVITY = 2.0, 0.5, 9.81
LEARNED = np.array([0.3])


class Pendulum:
    """``tau = m l^2 ddq + m g l sin q``. It overwrites what it returned, as it may."""

    def __init__(self) -> None:
        self._out = np.zeros(1)

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        self._out[:] = MASS * LENGTH**2 * acceleration + MASS * GRAVITY * LENGTH * np.sin(position)
        return self._out


def motion(position: float, acceleration: float) -> Reference:
    return Reference(0, np.array([position]), np.zeros(1), np.array([acceleration]))


PREVIEW, COMMANDED = motion(0.5, 4.0), motion(0.4, 2.0)


def given(**changes: object) -> ControlInput:
    state = JointState(0, np.zeros(1), np.zeros(1), np.zeros(1))
    entries: dict[str, object] = {
        'measured': state,
        'reference': motion(0.3, 1.0),
        'preview': PREVIEW,
        'commanded': COMMANDED,
        'applied': np.zeros(1),
        'learned': LEARNED,
    }
    return ControlInput(**{**entries, **changes})  # type: ignore[arg-type]


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    return load(kind='motion', n_joints=1).card


def feedforward(card: ModelCard, base: str = 'card', *, prior: bool = True) -> Feedforward:
    context = ControlContext(
        joint_names=card.joint_names,
        period=0.005,
        latency=0.01,
        effort_limits=(20.0,),
        prior=Pendulum() if prior else None,
        card=card,
    )
    return FeedforwardConfig(base_compensates=base).build(context)


def rigid(position: float, acceleration: float) -> float:
    return MASS * LENGTH**2 * acceleration + MASS * GRAVITY * LENGTH * math.sin(position)


def test_a_robot_that_adds_nothing_gets_the_whole_torque_of_the_motion(card: ModelCard) -> None:
    torque = feedforward(card, 'nothing').torque(given())
    assert torque == pytest.approx(0.3 + rigid(0.5, 4.0))


def test_a_robot_that_adds_gravity_gets_the_rest(card: ModelCard) -> None:
    torque = feedforward(card, 'gravity').torque(given())
    assert torque == pytest.approx(0.3 + rigid(0.5, 4.0) - rigid(0.4, 0.0))


def test_a_robot_with_slow_drives_gets_what_they_lag_behind(card: ModelCard) -> None:
    slow = replace(card, drive_delay=0.005)
    controller = feedforward(slow, 'rigid_body_feedforward')
    torque = controller.torque(given())
    assert torque == pytest.approx(0.3 + rigid(0.5, 4.0) - rigid(0.4, 2.0))
    assert controller.nominal == pytest.approx(rigid(0.5, 4.0) - rigid(0.4, 2.0))


def test_a_robot_with_quick_drives_gets_what_was_learned_alone(card: ModelCard) -> None:
    torque = feedforward(card, 'rigid_body_feedforward').torque(given())
    assert torque == pytest.approx(LEARNED)


def test_without_a_rigid_body_model_it_is_what_was_learned(card: ModelCard) -> None:
    assert feedforward(card, prior=False).torque(given()) == pytest.approx(LEARNED)


def test_the_card_says_what_the_robot_adds(card: ModelCard) -> None:
    compensating = replace(card, driver_compensates=('friction', 'gravity'))
    torque = feedforward(compensating).torque(given())
    assert torque == pytest.approx(0.3 + rigid(0.5, 4.0) - rigid(0.4, 0.0))
    assert feedforward(card).torque(given()) == pytest.approx(0.3 + rigid(0.5, 4.0))


@pytest.mark.parametrize('missing', ['preview', 'learned'])
def test_without_preview_or_model_it_says_nothing(card: ModelCard, missing: str) -> None:
    assert feedforward(card).torque(given(**{missing: None})) is None


def test_a_tracking_error_changes_nothing(card: ModelCard) -> None:
    far = JointState(0, np.array([0.2]), np.array([1.0]), np.array([5.0]))
    controller = feedforward(card)
    assert controller.torque(given(measured=far)) == pytest.approx(controller.torque(given()))


def test_a_forward_model_is_refused_with_the_way_out(load: Callable[..., LoadedModel]) -> None:
    forward = load(n_joints=1).card
    with pytest.raises(ConfigError, match=r'got test_lstm, forward\. Train one'):
        feedforward(forward)


ZERO = np.zeros(1)


@pytest.fixture(scope='module')
def context(card: ModelCard) -> ControlContext:
    return ControlContext(
        joint_names=card.joint_names, period=0.005, latency=0.01, effort_limits=(20.0,), card=card
    )


def after(controller: FeedforwardDob, steps: int, what: ControlInput) -> float:
    for _ in range(steps):
        torque = controller.torque(what)
    assert torque is not None
    return float(torque[0])


def test_where_the_model_is_right_it_is_the_feed_forward_alone(context: ControlContext) -> None:
    controller = FeedforwardDobConfig().build(context)
    assert after(controller, 100, given(residual=ZERO)) == pytest.approx(0.3)


def test_what_the_model_leaves_comes_in_through_two_poles(context: ControlContext) -> None:
    controller = FeedforwardDobConfig(bandwidth=10.0).build(context)
    for t in (0.1, 0.2):
        got = after(controller, 20, given(residual=np.array([2.0])))
        exact = 2.0 * (1 - (1 + 10 * t) * math.exp(-10 * t))
        assert got == pytest.approx(0.3 + exact, abs=0.05)
    assert after(controller, 400, given(residual=np.array([2.0]))) == pytest.approx(2.3, abs=1e-3)


def test_frozen_it_takes_nothing_in_and_bleeds(context: ControlContext) -> None:
    controller = FeedforwardDobConfig(bleed=0.5).build(context)
    after(controller, 1000, given(residual=np.array([2.0])))
    assert after(controller, 200, given(residual=np.array([50.0]), frozen=True)) == pytest.approx(
        0.3 + 2.0 * math.exp(-0.5 * 1.0), rel=1e-3
    )


def test_without_a_residual_it_holds(context: ControlContext) -> None:
    controller = FeedforwardDobConfig().build(context)
    after(controller, 1000, given(residual=np.array([2.0])))
    assert after(controller, 200, given(residual=None)) == pytest.approx(2.3, abs=1e-3)


def test_the_bandwidth_may_change_while_running(context: ControlContext) -> None:
    controller = FeedforwardDobConfig(bandwidth=0.0).build(context)
    assert after(controller, 100, given(residual=np.array([2.0]))) == pytest.approx(0.3)
    controller.reconfigure(FeedforwardDobConfig(bandwidth=20.0))
    assert after(controller, 400, given(residual=np.array([2.0]))) == pytest.approx(2.3, abs=1e-3)


def test_the_largest_bandwidth_leaves_60_degrees_of_margin() -> None:
    # L(s) = g^2 e^(-sT) / (s^2 + 2 g s), with g T at the limit; its crossover by bisection.
    g, delay = 1.0, LARGEST_PHASE
    low, high = 0.0, 10.0
    for _ in range(100):
        w = 0.5 * (low + high)
        low, high = (w, high) if abs(g * g / (-w * w + 2j * g * w)) > 1 else (low, w)
    loop = g * g / (-w * w + 2j * g * w) * np.exp(-1j * w * delay)
    assert 180.0 + math.degrees(np.angle(loop)) == pytest.approx(60.0, abs=0.5)


def test_a_bandwidth_beyond_the_margin_is_refused(context: ControlContext) -> None:
    most = LARGEST_PHASE / (0.01 + 1.5 * 0.005)
    FeedforwardDobConfig(bandwidth=0.99 * most).build(context)
    with pytest.raises(ConfigError, match=r'at most 33\.4 rad/s'):
        FeedforwardDobConfig(bandwidth=1.01 * most).build(context)
    FeedforwardDobConfig(bandwidth=1.01 * most, allow_low_margin=True).build(context)
    with pytest.raises(ConfigError, match='phase margin'):
        FeedforwardDobConfig(bandwidth=30.0).build(replace(context, latency=0.02))
