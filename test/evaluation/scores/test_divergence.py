# SPDX-License-Identifier: Apache-2.0
"""Which free runs count as diverged."""

from collections.abc import Callable

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.divergence import Diverged, Reach
import numpy as np
import pytest


@pytest.fixture
def reach(make_segment: Callable[..., Segment]) -> Reach:
    """Joints that were between -1 and 1, and between 0 and 4."""
    return Reach.of([make_segment(np.array([[-1.0, 0.0], [1.0, 4.0]]))], 2)


def test_a_run_may_leave_the_training_range_by_its_width_and_no_more(reach: Reach) -> None:
    inside, outside = np.array([[3.0, -4.0]]), np.array([[0.0, 0.0], [0.0, 8.01]])
    assert reach.diverged([inside, outside]) == Diverged(1, 2)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_a_run_that_is_not_finite_has_diverged(reach: Reach, value: float) -> None:
    assert reach.diverged([np.array([[0.0, value]])]).runs == 1


def test_without_training_data_only_values_that_are_not_finite_have_diverged() -> None:
    reach = Reach.of([], 1)
    assert reach.diverged([np.array([[1e9]]), np.array([[np.nan]])]) == (1, 2)


def test_missing_measurements_do_not_widen_the_reach(make_segment: Callable[..., Segment]) -> None:
    reach = Reach.of([make_segment(np.array([[0.0], [np.nan], [1.0]]))], 1)
    assert (reach.low[0], reach.high[0]) == (-1.0, 2.0)
