# SPDX-License-Identifier: Apache-2.0
"""Rows of a replay: predictions by the stamp they are of."""

from collections.abc import Callable

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.evaluation.reports.replay_result import for_stamps, ReplayResult
import numpy as np
from numpy.testing import assert_allclose
import pytest

MakeReplay = Callable[..., ReplayResult]


def test_predictions_are_sorted_by_the_stamp_they_are_for() -> None:
    stamps = np.array([10, 15, 20, 25, 30], dtype=np.int64)
    trajectories = np.arange(15.0).reshape(5, 3, 1)
    out = for_stamps(stamps, trajectories, (1, 3), 5)
    assert_allclose(out[1][:, 0], [np.nan, 0, 3, 6, 9])
    assert_allclose(out[3][:, 0], [np.nan, np.nan, np.nan, 2, 5])


def test_a_gap_leaves_its_stamps_without_prediction() -> None:
    stamps = np.array([10, 15, 40, 45], dtype=np.int64)
    out = for_stamps(stamps, np.arange(8.0).reshape(4, 2, 1), (1, 2), 5)
    assert_allclose(out[1][:, 0], [np.nan, 0, np.nan, 4])
    assert np.isnan(out[2]).all()


def test_the_error_is_hidden_while_cold(make_replay: MakeReplay) -> None:
    replay = make_replay()
    error = replay.error('position', 1)
    assert np.isnan(error[:40]).all()
    assert_allclose(
        error[40:], (replay.predicted['position'][1] - replay.position)[40:], equal_nan=True
    )


def test_continuous_joints_err_the_short_way_round(make_replay: MakeReplay) -> None:
    replay = make_replay(joint_types=('continuous', 'revolute'), offset=2 * np.pi)
    assert_allclose(np.nanmax(np.abs(replay.error('position', 1)[:, 0])), 0.001, rtol=1e-6)
    assert np.nanmin(replay.error('position', 1)[:, 1]) > 6


def test_rows_must_match_the_stamps(make_replay: MakeReplay) -> None:
    replay = make_replay()
    with pytest.raises(ShapeError, match=r'warm must have shape \(1200,\), got \(7,\)'):
        ReplayResult(**{**vars(replay), 'warm': np.ones(7, bool)})
