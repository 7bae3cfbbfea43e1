# SPDX-License-Identifier: Apache-2.0
"""Tests for control/adaptation.py, against regressions with a known answer."""

from lstm_dynamics_ros.control.adaptation import RecursiveLeastSquares
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
import numpy as np
import pytest

TRUTH = np.array([2.0, -0.5, 0.3])
DT = 0.005


def regression(seed: int = 0, leak: float = 1e-6, memory: float = 2.0) -> RecursiveLeastSquares:
    return RecursiveLeastSquares(np.ones(3), memory=memory, leak=leak)


def feed(fit: RecursiveLeastSquares, truth: Vector, steps: int, *, noise: float = 0.0) -> None:
    random = np.random.default_rng(1)
    for _ in range(steps):
        regressor = random.normal(size=(2, 3))
        target = regressor @ truth + noise * random.normal(size=2)
        fit.update(target, regressor, np.ones(2), DT)


def test_it_finds_the_parameters() -> None:
    fit = regression()
    feed(fit, TRUTH, 200)
    np.testing.assert_allclose(fit.parameters, TRUTH, rtol=1e-4)


def test_it_is_the_weighted_least_squares_of_the_window() -> None:
    fit, random = regression(leak=0.3, memory=0.1), np.random.default_rng(3)
    rows, targets, weights = [], [], []
    keep = np.exp(-DT / 0.1)
    for k in range(50):
        regressor, target = random.normal(size=(2, 3)), random.normal(size=2)
        weight = np.array([1.0, 4.0])
        fit.update(target, regressor, weight, DT)
        rows.append(regressor)
        targets.append(target)
        weights.append(DT * weight * keep ** (49 - k))
    root = np.sqrt(np.concatenate(weights))
    matrix = np.vstack([np.concatenate(rows) * root[:, None], np.sqrt(0.3) * np.eye(3)])
    expected = np.linalg.lstsq(matrix, np.append(np.concatenate(targets) * root, np.zeros(3)))[0]
    np.testing.assert_allclose(fit.parameters, expected, rtol=1e-9)


def test_a_change_is_followed_within_the_memory() -> None:
    fit = regression(memory=0.5)
    feed(fit, TRUTH, 1000)
    feed(fit, -TRUTH, round(0.5 / DT))
    progress = (TRUTH - fit.parameters) @ TRUTH / (2 * TRUTH @ TRUTH)
    assert progress == pytest.approx(1 - np.exp(-1), abs=0.05)
    feed(fit, -TRUTH, 1000)
    np.testing.assert_allclose(fit.parameters, -TRUTH, rtol=1e-3)


def test_what_is_not_excited_leaks_to_zero() -> None:
    fit = regression(leak=0.01, memory=0.2)
    feed(fit, TRUTH, 400)
    for _ in range(400):  # only the first parameter is still seen
        fit.update(np.array([TRUTH[0]]), np.array([[1.0, 0.0, 0.0]]), np.ones(1), DT)
    assert fit.parameters[0] == pytest.approx(TRUTH[0], rel=0.1)
    assert np.abs(fit.parameters[1:]).max() < 0.01


def test_without_weight_nothing_changes() -> None:
    fit = regression()
    feed(fit, TRUTH, 50)
    before = fit.parameters.copy()
    for _ in range(1000):
        fit.update(np.ones(2), np.ones((2, 3)), np.zeros(2), DT)
    np.testing.assert_array_equal(fit.parameters, before)


@pytest.mark.parametrize('garbage', [np.nan, np.inf, -np.inf, 1e300])
def test_garbage_changes_nothing(garbage: float) -> None:
    fit = regression()
    feed(fit, TRUTH, 50)
    before = fit.parameters.copy()
    fit.update(np.array([garbage, 1.0]), np.ones((2, 3)), np.ones(2), DT)
    fit.update(np.ones(2), np.full((2, 3), garbage), np.ones(2), DT)
    np.testing.assert_array_equal(fit.parameters, before)


def test_parallel_regressors_stay_finite() -> None:
    fit = regression(leak=1e-3)
    for k in range(2000):
        row = np.ones((1, 3)) * (1e4 if k % 2 else 1e-4)
        assert np.isfinite(fit.update(row[0, :1], row, np.ones(1), DT)).all()


def test_a_number_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match='needs memory, leak and all scales > 0'):
        RecursiveLeastSquares(np.array([1.0, 0.0]), memory=1.0, leak=1.0)
