# SPDX-License-Identifier: Apache-2.0
"""Tests for interpolation.py."""

from lstm_dynamics_ros.signals.interpolation import PointTrack
from lstm_dynamics_ros.signals.trajectory_points import Points
import numpy as np
from numpy.polynomial import Polynomial
from numpy.testing import assert_allclose
import pytest

ENDS = (100, 400_000_100)


@pytest.mark.parametrize(('degree', 'with_acceleration'), [(3, False), (5, True)])
def test_a_polynomial_of_its_degree_is_found_again(degree: int, with_acceleration: bool) -> None:
    true = Polynomial(np.array([0.3, -1.0, 2.0, 0.7, -3.0, 1.5])[: degree + 1])

    def rows(t: float) -> np.ndarray:
        return np.array([[true(t)], [true.deriv()(t)], [true.deriv(2)(t)]])

    start, end = rows(0.0), rows(0.4)
    track = PointTrack(np.full(1, np.inf))
    track.append(
        Points(
            start_ns=ENDS[0],
            stamp_ns=np.array(ENDS),
            position=np.stack([start[0], end[0]]),
            velocity=np.stack([start[1], end[1]]),
            acceleration=np.stack([start[2], end[2]]) if with_acceleration else None,
        ),
        timeout_ns=1_000_000_000,
    )
    for t in (0.0, 0.1, 0.27, 0.4 - 1e-9):
        found = track.at(ENDS[0] + round(t * 1e9), 0, 0)
        assert found is not None
        assert_allclose(found, rows(t), atol=1e-7)


def test_before_the_first_point_and_long_after_the_last_nothing_is_known() -> None:
    track = PointTrack(np.ones(1))
    track.insert(100, np.ones((3, 1)))
    assert track.at(99, 0, 10) is None
    assert track.at(111, 0, 10) is None
    assert track.at(110, 0, 10) is not None
