# SPDX-License-Identifier: Apache-2.0
"""Tests for control/one_step_inversion.py, on robots whose equations are known."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.control.base import ControlContext, ControlInput, needs_forward, NoneConfig
from lstm_dynamics_ros.control.one_step_inversion import (
    damped_inverse,
    InputJacobian,
    JacobianSettings,
    OneStepInversionConfig,
)
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference
from lstm_dynamics_ros.runtime.model_file import LoadedModel
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
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    return load().card


def context(
    card: ModelCard | None,
    model: 'MassDamper | Linear | None',
    latency: float = 0.005,
    limit: float | None = None,
    period: float = DT,
) -> ControlContext:
    return ControlContext(
        joint_names=('a', 'b'),
        period=period,
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


INERTIA = np.array([[2.0, 0.5], [0.5, 0.25]])
TRUE = 0.005 * np.linalg.inv(INERTIA)
MIRRORED = np.array([[0.01, 0.0], [0.0, -0.01]])


class Linear:
    """A robot whose velocity one step ahead is ``dq + B tau``, with any B at any time."""

    def __init__(self, *jacobians: Matrix) -> None:
        self.observation = np.array([0.3, -0.2, 1.0, 2.0, 3.0, -1.0])
        self.jacobians = list(jacobians)
        self.looks = 0
        self.rows: set[int] = set()

    def peek(self, observations: Matrix) -> Matrix:
        """See the protocol."""
        made = self.jacobians[min(self.looks, len(self.jacobians) - 1)]
        self.looks += 1
        self.rows.add(len(observations))
        out = observations.copy()
        out[:, 2:4] += observations[:, 4:6] @ made.T
        return out


def looking(card: ModelCard, model: Linear, every: int = 1) -> InputJacobian:
    return InputJacobian('test', JacobianSettings(every=every), context(card, model))


def test_it_is_the_input_matrix_of_a_linear_robot(card: ModelCard) -> None:
    jacobian = looking(card, Linear(TRUE))
    for _ in range(5):
        value = jacobian.update()
    assert value is not None
    np.testing.assert_allclose(value, TRUE, rtol=1e-9)


def test_it_says_nothing_before_it_has_looked_often_enough(card: ModelCard) -> None:
    jacobian = looking(card, Linear(TRUE))
    assert [jacobian.update() is None for _ in range(6)] == [True] * 4 + [False] * 2


def test_it_looks_only_as_often_as_told_with_all_rows_at_once(card: ModelCard) -> None:
    model = Linear(TRUE)
    jacobian = looking(card, model, every=4)
    for _ in range(41):
        jacobian.update()
    assert model.looks == 11
    assert model.rows == {3}


def test_it_averages(card: ModelCard) -> None:
    jacobian = looking(card, Linear(*[TRUE] * 10, 2.0 * TRUE))
    for _ in range(10 + 20):  # 20 steps of 5 ms are one time constant
        value = jacobian.update()
    assert value is not None
    np.testing.assert_allclose(value, (2.0 - np.exp(-1.0)) * TRUE, rtol=1e-9)


@pytest.mark.parametrize(
    'wrong',
    [MIRRORED, -TRUE, np.full((2, 2), np.nan), np.array([[1.0, 0.0], [0.0, 1e-3]])],
    ids=['mirrored', 'negative', 'not finite', 'ill-conditioned'],
)
def test_one_that_cannot_be_physical_is_refused(card: ModelCard, wrong: Matrix) -> None:
    jacobian = looking(card, Linear(wrong))
    assert all(jacobian.update() is None for _ in range(50))
    assert jacobian.trust == 0.0


def test_a_few_bad_ones_do_no_harm(card: ModelCard) -> None:
    jacobian = looking(card, Linear(*[TRUE] * 100, MIRRORED, TRUE))
    for _ in range(110):
        value = jacobian.update()
    assert value is not None
    np.testing.assert_allclose(value, TRUE, rtol=1e-9)


def test_a_few_good_ones_are_of_no_help(card: ModelCard) -> None:
    jacobian = looking(card, Linear(*[MIRRORED, MIRRORED, TRUE] * 100))
    assert all(jacobian.update() is None for _ in range(300))
    assert jacobian.trust == pytest.approx(1 / 3, abs=0.02)


def test_it_falls_silent_when_they_go_bad(card: ModelCard) -> None:
    jacobian = looking(card, Linear(*[TRUE] * 2000, MIRRORED))
    steps = [jacobian.update() is None for _ in range(2000 + 40)]
    # of a trust of 1, exp(-t) is left after t seconds: 0.9 after 21 steps of 5 ms
    assert steps.index(True, 10) == 2000 + round(-np.log(0.9) / 0.005)


def test_after_a_reset_it_starts_anew(card: ModelCard) -> None:
    jacobian = looking(card, Linear(TRUE))
    for _ in range(10):
        jacobian.update()
    jacobian.reset()
    assert jacobian.update() is None


def test_the_undamped_inverse_is_the_inverse() -> None:
    np.testing.assert_allclose(damped_inverse(TRUE, 0.0), np.linalg.inv(TRUE), rtol=1e-9)


def test_the_damped_inverse_solves_the_damped_least_squares_problem() -> None:
    wanted, damping = np.array([0.02, -0.01]), 0.3
    scale = np.diag(TRUE) ** -0.5
    # minimise |S (B u - wanted)|^2 + damping^2 |u / S|^2, stacked
    stacked = np.vstack([scale[:, None] * TRUE, np.diag(damping / scale)])
    target = np.concatenate([scale * wanted, np.zeros(2)])
    expected = np.linalg.lstsq(stacked, target, rcond=None)[0]
    np.testing.assert_allclose(damped_inverse(TRUE, damping) @ wanted, expected, rtol=1e-9)


def test_other_models_are_refused(card: ModelCard) -> None:
    with pytest.raises(ConfigError, match=r'X needs a forward model .* got none'):
        needs_forward('X', context(None, None))
    with pytest.raises(ConfigError, match='test_lstm, residual_inverse'):
        needs_forward('X', context(replace(card, model_kind='residual_inverse'), None))


def test_another_period_than_that_of_the_model_is_refused(card: ModelCard) -> None:
    with pytest.raises(ConfigError, match=r'one step of the model, 0\.005 s, got 0\.01 s'):
        needs_forward('X', context(card, None, period=0.01))


def test_no_access_to_the_model_is_refused(card: ModelCard) -> None:
    with pytest.raises(ConfigError, match='test needs access to the model'):
        InputJacobian('test', JacobianSettings(), context(card, None))
