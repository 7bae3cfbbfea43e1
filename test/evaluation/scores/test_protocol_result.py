# SPDX-License-Identifier: Apache-2.0
"""The table of a protocol."""

from collections.abc import Callable
import json

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.protocol_result import (
    Diverged,
    pooled,
    ProtocolResult,
    Reach,
)
import numpy as np
from numpy.testing import assert_allclose
import pytest


def fold(values: tuple[float, float], lost: int = 0) -> ProtocolResult:
    return ProtocolResult(
        protocol='p',
        unit='N m',
        joint_names=('a', 'b'),
        figures={'model': {'x': np.array(values)}, 'ridge': {'x': np.array([1.0, 1.0])}},
        notes=('note',),
        diverged={'model': {'x': Diverged(lost, 4)}},
    )


def test_json_brings_back_what_went_in() -> None:
    there = fold((np.inf, np.inf), lost=2)
    back = ProtocolResult.from_json(json.loads(json.dumps(there.to_json(), allow_nan=False)))
    assert_allclose(back.figures['model']['x'], [np.inf, np.inf])
    assert_allclose(back.figures['ridge']['x'], [1.0, 1.0])
    assert back.diverged['model']['x'] == Diverged(2, 4)
    assert back.text() == there.text()


def test_folds_are_pooled_joint_by_joint() -> None:
    whole = pooled([fold((1.0, 2.0)), fold((3.0, 6.0))], 'both')
    assert_allclose(whole.figures['model']['x'], [2.0, 4.0])
    assert whole.mean('model', 'x') == 3.0
    assert whole.diverged['model']['x'] == (0, 8)


def test_a_diverged_fold_leaves_no_figure_for_the_whole() -> None:
    whole = pooled([fold((1.0, 2.0)), fold((np.inf, np.inf), lost=3)], 'both')
    assert whole.mean('model', 'x') == np.inf
    assert whole.to_json()['mean']['model']['x'] is None
    assert whole.to_json()['diverged']['model']['x'] == {'runs': 3, 'of': 8}
    assert '3 of 8 diverged' in whole.text()


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
