# SPDX-License-Identifier: Apache-2.0
"""Tests for control/one_step_inversion.py, on a mass-damper under its own PD controller."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.control.base import ControlContext, ControlInput, NoneConfig
from lstm_dynamics_ros.control.one_step_inversion import OneStepInversionConfig
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest

DT, STEP_NS = 0.005, 5_000_000
MASS, DAMPING = np.array([2.0, 0.5]), np.array([4.0, 1.0])
STIFFNESS, RATE = 300.0 * MASS, 40.0 * MASS  # of the robot's own controller
LOAD = np.array([6.0, -2.0])  # nobody knows of it
EXACT = OneStepInversionConfig(smoothing=0.0, regularisation=0.0)


class MassDamper:
    """The true robot as a model: ``dq+ = dq + dt (tau - D dq - load) / m``."""

    def __init__(self, sign: float = 1.0) -> None:
        self.observation = np.zeros(6)
        self.sign = sign

    def peek(self, observations: Matrix) -> Matrix:
        """See the protocol."""
        velocity, effort = observations[:, 2:4], self.sign * observations[:, 4:6]
        ahead = velocity + DT / MASS * (effort - DAMPING * velocity - LOAD)
        return np.hstack([observations[:, :2] + DT * ahead, ahead, observations[:, 4:6]])


@pytest.fixture(scope='module')
def card(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return load_model(make_model(tmp_path_factory.mktemp('model') / 'm.onnx')).card


def context(
    card: ModelCard, model: MassDamper, latency: float = 0.005, limit: float | None = None
) -> ControlContext:
    return ControlContext(
        joint_names=('a', 'b'),
        period=DT,
        latency=latency,
        effort_limits=(limit, limit),
        card=card,
        model=model,
    )


def reference_at(k: int) -> Reference:
    phase = 2.0 * k * DT
    wave = np.array([np.sin(phase), np.cos(phase)])
    turned = np.array([np.cos(phase), -np.sin(phase)])
    return Reference(k * STEP_NS, wave, 2.0 * turned, -4.0 * wave)


def track(
    config: OneStepInversionConfig | None,
    card: ModelCard,
    *,
    sign: float = 1.0,
    blend: float = 1.0,
    steps: int = 2000,
) -> tuple[Matrix, Matrix]:
    """Return tracking error and what was asked for, of two masses with an unknown load."""
    model = MassDamper(sign)
    controller = None if config is None else config.build(context(card, model))
    start = reference_at(0)
    q, dq = start.position.copy(), start.velocity.copy()
    acting, errors, asked = np.zeros(2), [], []
    for k in range(steps):
        want = reference_at(k)
        error, rate = want.position - q, want.velocity - dq
        effort = STIFFNESS * error + RATE * rate + MASS * want.acceleration
        effort += DAMPING * want.velocity + acting
        model.observation = np.concatenate([q, dq, effort])
        prediction = model.peek(model.observation[None])[0]
        torque = None
        if controller is not None:
            torque = controller.torque(
                ControlInput(
                    measured=JointState(k * STEP_NS, q, dq, effort),
                    reference=want,
                    preview=reference_at(k + 1),
                    applied=acting,
                    predicted=JointState((k + 1) * STEP_NS, prediction[:2], prediction[2:4], q),
                )
            )
        errors.append(error)
        asked.append(np.zeros(2) if torque is None else torque)
        acting = blend * asked[-1]
        step = DT / MASS * (effort - DAMPING * dq - LOAD)
        q = q + DT * (dq + 0.5 * step)
        dq = dq + step
    return np.array(errors), np.array(asked)


def test_an_unknown_load_is_carried_in_the_end(card: ModelCard) -> None:
    alone, _ = track(None, card)
    errors, asked = track(EXACT, card)
    np.testing.assert_allclose(alone[-1], LOAD / STIFFNESS, rtol=0.2)
    assert np.abs(errors[-400:]).max() < 0.02 * np.abs(alone[-400:]).max()
    np.testing.assert_allclose(asked[-1], LOAD, rtol=0.1)


def test_what_is_asked_first_is_what_the_textbook_says(card: ModelCard) -> None:
    config = replace(EXACT, natural_frequency=10.0, damping_ratio=2.0, bandwidth=20.0)
    model = MassDamper()
    controller = config.build(context(card, model))
    acting, zero = np.array([0.5, -0.25]), np.zeros(2)
    q, effort = np.array([0.1, 0.2]), np.array([1.0, 2.0])
    model.observation = np.concatenate([q, zero, effort])
    want = Reference(0, q + 0.01, np.full(2, 0.02), np.full(2, 0.3))
    for k in range(40):
        torque = controller.torque(
            ControlInput(
                measured=JointState(k * STEP_NS, q, zero, effort),
                reference=want,
                preview=want,
                applied=acting,
                predicted=JointState((k + 1) * STEP_NS, q, zero, effort),
            )
        )
        if torque is not None:
            break
    assert torque is not None
    # the model says it stands still, so all of the acceleration is missing
    missing = 0.3 + 2 * 2.0 * 10.0 * 0.02 + 10.0**2 * 0.01
    share = 1.0 - np.exp(-20.0 * DT)
    np.testing.assert_allclose(torque, share * (acting + MASS * missing), rtol=1e-6)


def test_while_nothing_is_let_through_nothing_winds_up(card: ModelCard) -> None:
    _, asked = track(EXACT, card, blend=0.0, steps=6000)
    np.testing.assert_allclose(asked[-4000:].std(axis=0), asked[2000:4000].std(axis=0), rtol=0.05)
    assert np.abs(asked).max() < 3.0 * np.abs(LOAD).max()


def test_with_a_model_that_has_the_sign_wrong_it_says_nothing(card: ModelCard) -> None:
    _, asked = track(EXACT, card, sign=-1.0, steps=300)
    assert not asked.any()


@pytest.mark.parametrize('lacks', ['reference', 'prediction', 'prediction for now'])
def test_without_what_it_needs_it_says_nothing(card: ModelCard, lacks: str) -> None:
    controller = EXACT.build(context(card, MassDamper()))
    zero, want = np.zeros(2), reference_at(0)
    for k in range(30):
        state = JointState(k * STEP_NS, zero, zero, zero)
        ahead = state._replace(stamp_ns=(k + 1 + (lacks == 'prediction for now')) * STEP_NS)
        given = ControlInput(
            measured=state,
            reference=None if lacks == 'reference' else want,
            preview=want,
            applied=zero,
            predicted=None if lacks == 'prediction' else ahead,
        )
        assert controller.torque(given) is None


def test_the_change_is_bounded(card: ModelCard) -> None:
    config = replace(EXACT, largest_change=0.1, bandwidth=500.0, allow_low_margin=True)
    model = MassDamper()
    controller = config.build(context(card, model, limit=20.0))
    zero = np.zeros(2)
    far = reference_at(0)._replace(position=np.array([9.0, -9.0]))
    for k in range(40):
        state = JointState(k * STEP_NS, zero, zero, zero)
        ahead = state._replace(stamp_ns=(k + 1) * STEP_NS)
        torque = controller.torque(
            ControlInput(measured=state, reference=far, preview=far, applied=zero, predicted=ahead)
        )
    assert torque is not None
    np.testing.assert_allclose(torque, np.array([2.0, -2.0]), rtol=1e-3)


def test_a_bandwidth_beyond_the_phase_margin_is_refused(card: ModelCard) -> None:
    config = OneStepInversionConfig(bandwidth=60.0)
    with pytest.raises(ConfigError, match=r'leaves \d+ degrees of phase margin with 25\.0 ms'):
        config.build(context(card, MassDamper(), latency=0.02))
    replace(config, allow_low_margin=True).build(context(card, MassDamper(), latency=0.02))


def test_settings_may_change_while_it_runs(card: ModelCard) -> None:
    controller = EXACT.build(context(card, MassDamper()))
    controller.reconfigure(replace(EXACT, bandwidth=5.0))
    with pytest.raises(ConfigError, match='phase margin'):
        controller.reconfigure(replace(EXACT, bandwidth=400.0))
    with pytest.raises(ConfigError, match='Expected OneStepInversionConfig, got NoneConfig'):
        controller.reconfigure(NoneConfig())
