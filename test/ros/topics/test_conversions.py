# SPDX-License-Identifier: Apache-2.0
"""Tests for conversions.py."""

from array import array

from builtin_interfaces.msg import Duration, Time
from lstm_dynamics_ros.ros.topics.conversions import (
    doubles,
    efforts,
    JointStateMessage,
    raw_sample,
    set_time,
    stamp_ns,
    TrajectoryMessage,
)
import numpy as np
from numpy.testing import assert_array_equal
import pytest
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

WALL = 1_726_000_000_123_456_789


def test_wall_time_survives_a_message_to_the_nanosecond() -> None:
    time = Time()
    set_time(time, WALL)
    assert (time.sec, time.nanosec) == (1_726_000_000, 123_456_789)
    assert stamp_ns(time) == WALL


def test_numpy_integers_are_cast() -> None:
    duration = Duration()
    set_time(duration, np.int64(2_500_000_000))  # type: ignore[arg-type]
    assert (type(duration.sec), duration.sec, duration.nanosec) == (int, 2, 500_000_000)


def test_a_message_becomes_a_raw_sample() -> None:
    message = JointState(name=['b', 'a'], position=[1.0, 2.0], velocity=[3.0, 4.0])
    set_time(message.header.stamp, WALL)
    sample = raw_sample(message)
    assert sample.stamp_ns == WALL
    assert list(sample.names) == ['b', 'a']
    assert sample.position is message.position
    assert list(sample.velocity) == [3.0, 4.0]
    assert not len(sample.effort)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_arrays_go_in_bit_exact_whatever_their_layout(dtype: type) -> None:
    values = np.arange(12, dtype=dtype).reshape(3, 4)[:, 1] / 3
    assert doubles(values) == array('d', [float(value) for value in values])


def test_an_absent_signal_becomes_an_empty_field() -> None:
    assert len(doubles(None)) == 0
    assert len(doubles(np.array([np.nan, np.nan]))) == 0


def test_a_joint_state_message_survives_the_wire() -> None:
    writer = JointStateMessage(['joint1', 'joint2'])
    position, effort = np.array([0.1, -0.2]), np.array([1.0, np.nan])
    message = writer.fill(WALL, position, effort=effort)
    got = deserialize_message(serialize_message(message), JointState)
    assert stamp_ns(got.header.stamp) == WALL
    assert got.name == ['joint1', 'joint2']
    assert_array_equal(got.position, position)
    assert len(got.velocity) == 0
    assert_array_equal(got.effort, effort)


def test_filling_again_leaves_nothing_of_the_last_time() -> None:
    writer = JointStateMessage(['joint1'])
    writer.fill(1, np.array([1.0]), np.array([2.0]), np.array([3.0]))
    message = writer.fill(2, np.array([4.0]))
    assert (list(message.position), len(message.velocity), len(message.effort)) == ([4.0], 0, 0)


def test_trajectory_points_count_from_the_stamp() -> None:
    writer = TrajectoryMessage(['joint1', 'joint2'], 3, 5_000_000)
    position = np.arange(6.0).reshape(3, 2)
    message = writer.fill(WALL, position, velocity=-position)
    got = deserialize_message(serialize_message(message), JointTrajectory)
    times = [point.time_from_start.nanosec for point in got.points]
    assert times == [5_000_000, 10_000_000, 15_000_000]
    assert_array_equal(got.points[2].positions, [4.0, 5.0])
    assert_array_equal(got.points[2].velocities, [-4.0, -5.0])
    assert len(got.points[2].effort) == 0


@pytest.mark.parametrize('data', [[1.0], [1.0, float('nan')], [], [1.0, 2.0, 3.0]])
def test_a_command_of_no_use_is_none(data: list[float]) -> None:
    assert efforts(Float64MultiArray(data=data), 2) is None


def test_a_good_command_is_a_vector() -> None:
    assert_array_equal(efforts(Float64MultiArray(data=[1.0, -2.0]), 2), [1.0, -2.0])
