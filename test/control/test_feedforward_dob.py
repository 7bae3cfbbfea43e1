# SPDX-License-Identifier: Apache-2.0
"""Tests for control/feedforward.py."""

from collections.abc import Callable
from dataclasses import replace
import math
from pathlib import Path

from lstm_dynamics_ros.control.base import ControlContext, ControlInput
from lstm_dynamics_ros.control.feedforward import (
    FeedforwardDob,
    FeedforwardDobConfig,
    LARGEST_PHASE,
)
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Reference, Vector
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest

DT = 0.005
LEARNED = np.array([0.3])
ZERO = np.zeros(1)


def given(residual: Vector | None, *, frozen: bool = False) -> ControlInput:
    reference = Reference(0, ZERO, ZERO, ZERO)
    return ControlInput(
        measured=JointState(0, ZERO, ZERO, ZERO),
        reference=reference,
        preview=reference,
        commanded=reference,
        applied=ZERO,
        learned=LEARNED,
        residual=residual,
        frozen=frozen,
    )


@pytest.fixture(scope='module')
def context(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> ControlContext:
    folder = tmp_path_factory.mktemp('model')
    card = load_model(make_model(folder / 'm.onnx', kind='motion', n_joints=1)).card
    return ControlContext(
        joint_names=card.joint_names, period=DT, latency=0.01, effort_limits=(20.0,), card=card
    )


def after(controller: FeedforwardDob, steps: int, what: ControlInput) -> float:
    for _ in range(steps):
        torque = controller.torque(what)
    assert torque is not None
    return float(torque[0])


def test_where_the_model_is_right_it_is_the_feed_forward_alone(context: ControlContext) -> None:
    controller = FeedforwardDobConfig().build(context)
    assert after(controller, 100, given(ZERO)) == pytest.approx(0.3)


def test_what_the_model_leaves_comes_in_through_two_poles(context: ControlContext) -> None:
    controller = FeedforwardDobConfig(bandwidth=10.0).build(context)
    for t in (0.1, 0.2):
        got = after(controller, 20, given(np.array([2.0])))
        exact = 2.0 * (1 - (1 + 10 * t) * math.exp(-10 * t))
        assert got == pytest.approx(0.3 + exact, abs=0.05)
    assert after(controller, 400, given(np.array([2.0]))) == pytest.approx(2.3, abs=1e-3)


def test_frozen_it_takes_nothing_in_and_bleeds(context: ControlContext) -> None:
    controller = FeedforwardDobConfig(bleed=0.5).build(context)
    after(controller, 1000, given(np.array([2.0])))
    assert after(controller, 200, given(np.array([50.0]), frozen=True)) == pytest.approx(
        0.3 + 2.0 * math.exp(-0.5 * 1.0), rel=1e-3
    )


def test_without_a_residual_it_holds(context: ControlContext) -> None:
    controller = FeedforwardDobConfig().build(context)
    after(controller, 1000, given(np.array([2.0])))
    assert after(controller, 200, given(None)) == pytest.approx(2.3, abs=1e-3)


def test_the_bandwidth_may_change_while_running(context: ControlContext) -> None:
    controller = FeedforwardDobConfig(bandwidth=0.0).build(context)
    assert after(controller, 100, given(np.array([2.0]))) == pytest.approx(0.3)
    controller.reconfigure(FeedforwardDobConfig(bandwidth=20.0))
    assert after(controller, 400, given(np.array([2.0]))) == pytest.approx(2.3, abs=1e-3)


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
    most = LARGEST_PHASE / (0.01 + 1.5 * DT)
    FeedforwardDobConfig(bandwidth=0.99 * most).build(context)
    with pytest.raises(ConfigError, match=r'at most 33\.4 rad/s'):
        FeedforwardDobConfig(bandwidth=1.01 * most).build(context)
    FeedforwardDobConfig(bandwidth=1.01 * most, allow_low_margin=True).build(context)
    with pytest.raises(ConfigError, match='phase margin'):
        FeedforwardDobConfig(bandwidth=30.0).build(replace(context, latency=0.02))
