# SPDX-License-Identifier: Apache-2.0
"""Tests of windows over segments."""

from lstm_dynamics_ros.core.errors import ConfigError, DataError, TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.windows import Windows
import numpy as np
import pytest


def segment(steps: int, offset: float = 0.0) -> Segment:
    """Return two joints; position counts up, velocity and effort are 100 and 200 above it."""
    rows = offset + np.arange(steps)[:, None] + np.array([[0.0, 0.5]])
    return Segment(
        name='run',
        joint_names=('a', 'b'),
        joint_types=('revolute', 'revolute'),
        dt=0.01,
        start_index=0,
        position=rows,
        velocity=rows + 100,
        effort=rows + 200,
        filled=np.zeros(steps, bool),
    )


def test_a_row_holds_blocks_of_one_kind_in_joint_order() -> None:
    batch = Windows([segment(5)], 3).gather([1])
    assert batch.shape == (3, 1, 6)
    assert batch.dtype == np.float32
    assert batch[:, 0, 0].tolist() == [1, 2, 3]
    assert batch[0, 0].tolist() == [1, 1.5, 101, 101.5, 201, 201.5]


def test_windows_never_reach_over_the_end_of_a_segment() -> None:
    windows = Windows([segment(5), segment(4, 1000.0)], 3)
    assert windows.index.tolist() == [[0, 0], [0, 1], [0, 2], [1, 0], [1, 1]]
    batch = windows.gather(np.arange(len(windows)))
    assert (np.diff(batch[:, :, 0], axis=0) == 1).all()


def test_a_stride_still_covers_the_last_row() -> None:
    windows = Windows([segment(10)], 4, stride=4)
    assert windows.index[:, 1].tolist() == [0, 4, 6]


def test_segments_shorter_than_a_window_are_left_out() -> None:
    assert Windows([segment(2), segment(4)], 4).index.tolist() == [[1, 0]]


def test_only_the_asked_kinds_are_held() -> None:
    windows = Windows([segment(5)], 2, kinds=('position', 'velocity'))
    assert windows.width == 4
    assert windows.gather([0])[0, 0].tolist() == [0, 0.5, 100, 100.5]


def test_windows_with_a_missing_value_are_left_out() -> None:
    made = segment(10)
    made.effort[4, 1] = np.nan
    windows = Windows([made], 3)
    assert windows.index[:, 1].tolist() == [0, 1, 5, 6, 7]
    assert len(Windows([made], 3, kinds=('position',))) == 8


def test_a_signal_that_is_never_there_is_named() -> None:
    made = segment(10)
    made.effort[:, 1] = np.nan
    with pytest.raises(DataError, match='free of missing values: effort of b'):
        Windows([made], 3)


def test_too_short_data_say_how_long_they_must_be() -> None:
    with pytest.raises(TooShortError, match=r'is 0\.05 s, but one window needs 2\.00 s'):
        Windows([segment(5)], 200)
    with pytest.raises(TooShortError):
        Windows([], 200)


def test_a_length_of_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match='length and stride must be >= 1'):
        Windows([segment(5)], 0)
