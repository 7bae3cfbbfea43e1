# SPDX-License-Identifier: Apache-2.0
"""Tests of the messages that are written."""

from typing import Any

from lstm_dynamics_ros.data.bags.cdr import JOINT_STATE, TRAJECTORY
from lstm_dynamics_ros.data.bags.messages import absolute, joint_state, joint_trajectory, typestore
import numpy as np
import pytest


def through_cdr(message: object, kind: str) -> Any:  # noqa: ANN401 - message classes are generated
    store = typestore()
    return store.deserialize_cdr(store.serialize_cdr(message, kind), kind)


def test_a_stamp_is_seconds_and_nanoseconds() -> None:
    one = np.ones(1)
    made = through_cdr(joint_state(3_000_000_007, ['a'], one, one, one), JOINT_STATE)
    assert (made.header.stamp.sec, made.header.stamp.nanosec) == (3, 7)


def test_signals_of_nothing_but_nan_are_empty() -> None:
    nan = np.full(2, np.nan)
    part = np.array([np.nan, 1.0])
    made = through_cdr(joint_state(0, ['a', 'b'], np.ones(2), nan, part), JOINT_STATE)
    assert len(made.velocity) == 0
    np.testing.assert_array_equal(made.effort, part)


def test_points_of_a_trajectory_are_a_period_apart() -> None:
    points = [{'position': np.array([float(k)])} for k in range(3)]
    made = through_cdr(joint_trajectory(5, ['a'], points, 0.75), TRAJECTORY)
    assert [p.positions.tolist() for p in made.points] == [[0.0], [1.0], [2.0]]
    last = made.points[2].time_from_start
    assert (last.sec, last.nanosec) == (1, 500_000_000)


@pytest.mark.parametrize('topic', ['a/b', '/a/b', 'a/b/'])
def test_topics_have_one_leading_slash(topic: str) -> None:
    assert absolute(topic) == '/a/b'
