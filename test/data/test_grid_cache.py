# SPDX-License-Identifier: Apache-2.0
"""Segments on disk."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.grid_cache import INDEX, read_segments, write_segments
from lstm_dynamics_ros.data.recording import KINDS
from lstm_dynamics_ros.data.segment import Segment
import numpy as np
import pytest


@pytest.fixture
def two(make_segment: Callable[..., Segment]) -> list[Segment]:
    """Two segments of a revolute and a prismatic joint, one with a missing effort."""
    rows = np.random.default_rng(0).normal(size=(3, 50, 2))
    types = ('revolute', 'prismatic')
    one = make_segment(*rows, name='a', joint_types=types)
    other = make_segment(*rows[:, :20], name='b', start_index=7, joint_types=types)
    other.effort[3] = np.nan
    return [one, other]


def test_what_was_written_is_read_to_the_last_bit(tmp_path: Path, two: list[Segment]) -> None:
    write_segments(tmp_path, two)
    for found, expected in zip(read_segments(tmp_path), two, strict=True):
        for kind in (*KINDS, 'filled'):
            np.testing.assert_array_equal(getattr(found, kind), getattr(expected, kind))
        for name in ('name', 'joint_names', 'joint_types', 'dt', 'start_index'):
            assert getattr(found, name) == getattr(expected, name)


def test_what_is_read_stays_on_disk_and_cannot_be_changed(
    tmp_path: Path, two: list[Segment]
) -> None:
    write_segments(tmp_path, two)
    position = read_segments(tmp_path)[0].position
    assert isinstance(position.base, np.memmap)
    with pytest.raises(ValueError, match='read-only'):
        position[0] = 0.0


def test_the_same_segments_have_the_same_digest(tmp_path: Path, two: list[Segment]) -> None:
    assert write_segments(tmp_path, iter(two)) == write_segments(tmp_path, read_segments(tmp_path))


def test_other_values_have_another_digest(tmp_path: Path, two: list[Segment]) -> None:
    first = write_segments(tmp_path, two)
    two[0].position[0] += 1e-12
    assert write_segments(tmp_path, two) != first
    np.testing.assert_array_equal(read_segments(tmp_path)[0].position, two[0].position)


def test_an_unfinished_folder_is_refused_in_words(tmp_path: Path, two: list[Segment]) -> None:
    write_segments(tmp_path, two)
    (tmp_path / INDEX).unlink()
    with pytest.raises(DataError, match=r'holds no segments .* Delete it'):
        read_segments(tmp_path)
