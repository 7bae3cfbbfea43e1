# SPDX-License-Identifier: Apache-2.0
"""Tests for trajectory_points.py; what becomes of bad input is in test_reference_track.py."""

from lstm_dynamics_ros.signals.trajectory_points import (
    PointReader,
    Points,
    RawPoint,
    RawReference,
    Remark,
)
import numpy as np
from numpy.testing import assert_allclose

NAMES = ('a', 'b')


def read(*points: RawPoint, names: tuple[str, ...] = NAMES, stamp: int = 100) -> Points | Remark:
    return PointReader(NAMES, np.array([2.0, np.inf])).read(RawReference(stamp, names, points), 7)


def test_points_come_out_in_the_order_of_the_joints() -> None:
    points = read(RawPoint(5, (1.0, 2.0), (0.1, 0.2), (3.0, 4.0)), names=('b', 'a'))
    assert isinstance(points, Points)
    assert points.start_ns == 100
    assert points.stamp_ns.tolist() == [105]
    assert_allclose(points.position, [[2.0, 1.0]])
    assert points.velocity is not None
    assert_allclose(points.velocity, [[0.2, 0.1]])
    assert points.acceleration is not None
    assert_allclose(points.acceleration, [[4.0, 3.0]])


def test_a_zero_stamp_is_replaced_by_the_time_of_receipt() -> None:
    points = read(RawPoint(0, (1.0, 2.0), (), ()), stamp=0)
    assert isinstance(points, Points)
    assert points.start_ns == 7


def test_a_joint_that_is_named_twice_is_refused() -> None:
    remark = read(RawPoint(0, (1.0, 2.0, 3.0), (), ()), names=('a', 'b', 'a'))
    assert isinstance(remark, Remark)
    assert remark.kind == 'other_joints'
    assert 'names a joint twice' in remark.text


def test_points_too_far_apart_for_the_limit_are_refused_with_joint_and_speed() -> None:
    remark = read(RawPoint(0, (0.0, 0.0), (), ()), RawPoint(10**8, (0.5, 9.0), (), ()))
    assert isinstance(remark, Remark)
    assert remark.text == (
        'The reference was dropped, because a would move at 5 and its limit is 2.'
    )


def test_no_joint_is_too_fast_without_a_limit() -> None:
    points = read(RawPoint(0, (0.0, 0.0), (), ()), RawPoint(10**8, (0.1, 900.0), (), ()))
    assert isinstance(points, Points)
