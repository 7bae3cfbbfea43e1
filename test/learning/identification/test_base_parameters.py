# SPDX-License-Identifier: Apache-2.0
"""Base parameters of regressors whose dependence is known."""

from lstm_dynamics_ros.learning.identification.base_parameters import (
    base_parameters,
    condition_number,
    deviations,
)
import numpy as np
import pytest


def dependent() -> tuple[np.ndarray, np.ndarray]:
    """Return a regressor whose fourth column is 2 times the first minus the second, and values."""
    random = np.random.default_rng(0)
    free = random.normal(size=(50, 3))
    return np.column_stack([free, 2 * free[:, 0] - free[:, 1]]), random.normal(size=4)


def test_dependent_columns_are_grouped_without_changing_the_torque() -> None:
    regressor, values = dependent()
    base = base_parameters(regressor)
    assert len(base.columns) == 3
    reduced = regressor[:, base.columns] @ (base.combination @ values)
    np.testing.assert_allclose(reduced, regressor @ values, rtol=1e-9, atol=1e-12)


def test_a_column_of_zeros_is_in_no_combination() -> None:
    regressor = np.column_stack([dependent()[0], np.zeros(50)])
    base = base_parameters(regressor)
    assert len(base.columns) == 3
    np.testing.assert_array_equal(base.combination[:, 4], 0.0)


def test_combinations_are_named() -> None:
    regressor = np.column_stack([np.arange(1.0, 6.0), 0.5 * np.arange(1.0, 6.0)])
    assert base_parameters(regressor).names(['a', 'b']) == ['a + 0.5 b']


def test_the_condition_number_does_not_depend_on_units() -> None:
    regressor = dependent()[0][:, :3]
    scaled = condition_number(regressor * [1.0, 1e3, 1e-3])
    assert scaled == pytest.approx(condition_number(regressor))
    assert condition_number(np.eye(3)) == pytest.approx(1.0)
    assert condition_number(np.diag([1.0, 0.0])) == float('inf')


def test_deviations_are_those_of_repeated_experiments() -> None:
    regressor = dependent()[0][:, :3]
    random = np.random.default_rng(1)
    noise = random.normal(size=(50, 4000))
    found = np.linalg.lstsq(regressor, noise, rcond=None)[0]
    np.testing.assert_allclose(deviations(regressor), found.std(axis=1), rtol=0.05)


def test_what_the_data_do_not_show_is_infinitely_unsure() -> None:
    spread = deviations(np.column_stack([np.ones(10), np.zeros(10)]))
    assert spread[0] == pytest.approx(1 / np.sqrt(10))
    assert spread[1] == float('inf')
