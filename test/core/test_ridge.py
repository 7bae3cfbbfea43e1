# SPDX-License-Identifier: Apache-2.0
"""Tests of the ridge regression, against least squares with a row more for each penalty."""

from lstm_dynamics_ros.core.ridge import solve_ridge
import numpy as np
import pytest

RNG = np.random.default_rng(3)
X, Y = RNG.normal(size=(40, 3)), RNG.normal(size=(40, 2))


@pytest.mark.parametrize('penalty', [2.0, np.array([1e-9, 0.5, 30.0])])
def test_the_weights_are_those_of_the_rows_with_the_penalty_below(
    penalty: float | np.ndarray,
) -> None:
    below = np.sqrt(np.diag(np.full(3, penalty)))
    expected = np.linalg.lstsq(np.vstack([X, below]), np.vstack([Y, np.zeros((3, 2))]))[0]
    np.testing.assert_allclose(solve_ridge(X.T @ X, X.T @ Y, penalty), expected, rtol=1e-10)


def test_the_penalty_keeps_a_column_of_zeros_solvable() -> None:
    x = np.column_stack([X, np.zeros(40)])
    weights = solve_ridge(x.T @ x, x.T @ Y, 1e-3)
    np.testing.assert_array_equal(weights[-1], 0.0)


def test_without_a_penalty_a_column_of_zeros_is_not_solvable() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        solve_ridge(np.zeros((1, 1)), np.zeros(1), 0.0)
