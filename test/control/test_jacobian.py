# SPDX-License-Identifier: Apache-2.0
"""Tests for control/one_step_inversion.py, against a linear robot whose input matrix is known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.control.base import ControlContext, needs_forward
from lstm_dynamics_ros.control.one_step_inversion import (
    damped_inverse,
    InputJacobian,
    JacobianSettings,
)
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest

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


@pytest.fixture(scope='module')
def card(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    return load_model(make_model(tmp_path_factory.mktemp('model') / 'm.onnx')).card


def context(card: ModelCard | None, model: Linear | None, period: float = 0.005) -> ControlContext:
    return ControlContext(
        joint_names=('a', 'b'),
        period=period,
        latency=0.005,
        effort_limits=(50.0, None),
        card=card,
        model=model,
    )


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
