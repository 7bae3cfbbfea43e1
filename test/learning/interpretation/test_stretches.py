# SPDX-License-Identifier: Apache-2.0
"""Tests for stretches.py."""

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.learning.interpretation.card_inputs import in_a_row, Run, spread_out
import numpy as np
import pytest


def run(rows: int, first: float = 0.0) -> Run:
    numbers = first + np.arange(rows, dtype=float)[:, None]
    return Run(name='run', observations=numbers, velocity=numbers)


def test_stretches_are_spread_from_the_first_to_the_last_place() -> None:
    found = spread_out([run(10), run(3), run(20, 100.0)], 5, 4)
    assert found.observations.shape == (5, 4, 1)
    assert found.observations[0, 0, 0] == 0.0
    assert found.observations[-1, -1, 0] == 119.0
    assert 1 not in found.runs


def test_there_are_no_more_stretches_than_places() -> None:
    assert spread_out([run(6)], 5, 10).observations.shape == (5, 2, 1)


def test_too_short_recordings_say_how_long_they_must_be() -> None:
    with pytest.raises(DataError, match='has 4 rows, but 5 are needed'):
        spread_out([run(4)], 5, 1)


def test_blocks_follow_each_other_with_rows_before_them() -> None:
    found = in_a_row([run(14)], 4, 3, 10)
    assert found.starts == (0, 4)
    np.testing.assert_array_equal(found.observations[:, 1, 0], np.arange(4, 11))


def test_of_many_blocks_every_few_are_taken() -> None:
    assert in_a_row([run(100)], 10, 0, 4).starts == (0, 30, 60, 90)
