# SPDX-License-Identifier: Apache-2.0
"""Error figures against numbers by hand."""

from lstm_dynamics_ros.evaluation.metrics import (
    high_passed,
    MetricError,
    mse,
    nmse,
    relative_error,
    rmse,
    short_error,
)
import numpy as np
from numpy.testing import assert_allclose
import pytest

TARGET = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0]])
PREDICTION = TARGET + np.array([[1.0, 0.0], [-1.0, 2.0], [1.0, 0.0], [-1.0, -2.0]])


def test_rmse_by_hand() -> None:
    assert_allclose(rmse(TARGET, PREDICTION), [1.0, np.sqrt(2.0)])


def test_nmse_by_hand() -> None:
    # variances 1.25 and 125
    assert_allclose(nmse(TARGET, PREDICTION), [1.0 / 1.25, 2.0 / 125.0])


def test_the_mean_has_nmse_one() -> None:
    assert_allclose(nmse(TARGET, np.broadcast_to(TARGET.mean(axis=0), TARGET.shape)), 1.0)


def test_relative_error_by_hand() -> None:
    assert_allclose(relative_error(TARGET, PREDICTION), [np.sqrt(4 / 30), np.sqrt(8 / 3000)])


def test_leading_axes_are_pooled() -> None:
    assert_allclose(mse(TARGET.reshape(2, 2, 2), PREDICTION.reshape(2, 2, 2)), [1.0, 2.0])


def test_a_nan_is_refused_not_skipped() -> None:
    broken = PREDICTION.copy()
    broken[1, 0] = np.nan
    with pytest.raises(MetricError, match='The prediction must be finite, got 1 values'):
        rmse(TARGET, broken)


def test_different_shapes_are_refused() -> None:
    with pytest.raises(MetricError, match=r'one shape, got \(4, 2\), \(3, 2\)'):
        mse(TARGET, PREDICTION[:3])


def test_nothing_to_score_is_refused() -> None:
    with pytest.raises(MetricError, match='something to score'):
        mse(TARGET[:0], PREDICTION[:0])


def test_nmse_of_a_still_joint_is_refused() -> None:
    still = np.column_stack([TARGET[:, 0], np.ones(4)])
    with pytest.raises(MetricError, match=r'columns \[1\] do not move'):
        nmse(still, PREDICTION)


def test_relative_error_of_zeros_is_refused() -> None:
    with pytest.raises(MetricError, match=r'columns \[0, 1\] are all zero'):
        relative_error(np.zeros((4, 2)), PREDICTION)


def test_positions_of_continuous_joints_err_the_short_way_round() -> None:
    error = np.array([[6.0, 6.0]])
    types = ('continuous', 'revolute')
    assert_allclose(short_error('position', error, types), [[6.0 - 2 * np.pi, 6.0]])
    assert_allclose(short_error('velocity', error, types), error)


def test_the_high_pass_keeps_what_is_fast_alone() -> None:
    time = np.arange(0, 20, 0.005)[:, None]
    slow, fast = np.sin(2 * np.pi * 0.5 * time), np.sin(2 * np.pi * 30.0 * time)
    kept = high_passed(slow + fast, 5.0, 200.0)
    assert_allclose(kept[400:-400], fast[400:-400], atol=2e-3)
