# SPDX-License-Identifier: Apache-2.0
"""Rows that every selection holds."""

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.shared_rows import shared_rows
import numpy as np


def segment(name: str, start: int, rows: int) -> Segment:
    values = np.arange(start, start + rows, dtype=np.float64)[:, None]
    return Segment(
        name=name, joint_names=('a',), joint_types=('revolute',), dt=0.1, start_index=start,
        position=values, velocity=values, effort=values, filled=np.zeros(rows, bool),
    )  # fmt: skip


def places(segments: list[Segment]) -> list[tuple[str, int, int]]:
    return [(item.name, item.start_index, len(item)) for item in segments]


def test_whole_trajectories_that_all_have_are_kept() -> None:
    a, b, c = (segment(name, 0, 10) for name in 'abc')
    assert places(shared_rows([a, b, c], [[a, b], [b, c]])) == [('b', 0, 10)]


def test_blocks_are_cut_where_one_ends() -> None:
    whole = segment('a', 100, 50)
    first = [whole.rows(0, 20), whole.rows(30, 50)]
    second = [whole.rows(10, 45)]
    found = shared_rows([whole], [first, second])
    assert places(found) == [('a', 110, 10), ('a', 130, 15)]
    np.testing.assert_array_equal(found[0].position[:, 0], np.arange(110, 120))


def test_nothing_in_common_is_nothing() -> None:
    whole = segment('a', 0, 20)
    assert shared_rows([whole], [[whole.rows(0, 10)], [whole.rows(10, 20)]]) == []
