# SPDX-License-Identifier: Apache-2.0
"""Least squares against the normal equations."""

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.physics.identification.least_squares import Reduced, reduced, solve, spread
import numpy as np
import pytest

FREE = np.full(4, -np.inf)


def problem() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(60, 4)), random.normal(size=60)


def test_rows_may_be_given_in_blocks() -> None:
    matrix, target = problem()
    rows = reduced((matrix[k : k + 7], target[k : k + 7]) for k in range(0, 60, 7))
    assert len(rows.matrix) <= 5
    np.testing.assert_allclose(rows.matrix.T @ rows.matrix, matrix.T @ matrix)
    np.testing.assert_allclose(rows.matrix.T @ rows.target, matrix.T @ target)


def test_no_row_is_refused() -> None:
    with pytest.raises(DataError, match='at least one row'):
        reduced([])


def test_the_solution_is_that_of_the_normal_equations() -> None:
    matrix, target = problem()
    nominal, size = np.array([1.0, -1.0, 0.0, 2.0]), np.array([1.0, 10.0, 0.1, 1.0])
    got = solve(Reduced(matrix, target), nominal, size, FREE, 3.0)
    penalty = np.diag(3.0 / size**2)
    expected = np.linalg.solve(matrix.T @ matrix + penalty, matrix.T @ target + penalty @ nominal)
    np.testing.assert_allclose(got, expected)


def test_without_evidence_the_nominal_value_stays() -> None:
    matrix, target = problem()
    matrix[:, 2] = 0.0
    nominal = np.array([0.0, 0.0, 7.0, 0.0])
    got = solve(Reduced(matrix, target), nominal, np.ones(4), FREE, 1e-3)
    assert got[2] == pytest.approx(7.0)


def test_bounds_are_kept_at_the_best_value_that_does() -> None:
    matrix, target = problem()
    free = solve(Reduced(matrix, target), np.zeros(4), np.ones(4), FREE, 1.0)
    worst = int(np.argmin(free))
    lower = np.where(np.arange(4) == worst, 0.0, -np.inf)
    got = solve(Reduced(matrix, target), np.zeros(4), np.ones(4), lower, 1.0)
    assert got[worst] == 0.0
    others = np.arange(4) != worst
    rest = np.linalg.solve(
        matrix[:, others].T @ matrix[:, others] + np.eye(3), matrix[:, others].T @ target
    )
    np.testing.assert_allclose(got[others], rest)


def test_the_spread_is_that_of_repeated_experiments() -> None:
    matrix, _ = problem()
    random = np.random.default_rng(1)
    size = np.array([1.0, 2.0, 0.5, 1.0])
    found = []
    for _ in range(2000):
        truth = random.normal(size=4) * size  # strength 1: truth scatters by its size
        target = matrix @ truth + random.normal(size=60)
        found.append(solve(Reduced(matrix, target), np.zeros(4), size, FREE, 1.0) - truth)
    expected = np.std(found, axis=0)
    got = spread(Reduced(matrix, np.zeros(60)), size, 1.0)
    np.testing.assert_allclose(got, expected, rtol=0.06)
