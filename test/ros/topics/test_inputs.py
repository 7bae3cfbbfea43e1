# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for inputs.py."""

from collections.abc import Iterator
from typing import Any

from builtin_interfaces.msg import Duration, Time
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
from lstm_dynamics_ros.ros.topics.inputs import raw_reference, ReferenceInput
from lstm_dynamics_ros.signals.reference_track import ReferenceTrack
from lstm_dynamics_ros.signals.trajectory_points import RawPoint
from numpy.testing import assert_allclose
import pytest
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

JOINTS = ('joint1', 'joint2')


def message(*names: str, sec: int = 0) -> JointTrajectory:
    point = JointTrajectoryPoint(
        positions=[1.0, 2.0],
        velocities=[0.1, 0.2],
        time_from_start=Duration(sec=sec, nanosec=5_000_000),
    )
    made = JointTrajectory(joint_names=list(names), points=[point])
    made.header.stamp = Time(sec=7, nanosec=3)
    return made


@pytest.fixture
def taken(listener: Any) -> Iterator[ReferenceInput]:
    given = ReferenceInput(listener.node, ReferenceTrack(JOINTS, (5.0, 5.0)))
    yield given
    given.destroy()


def test_everything_in_a_message_is_taken_over() -> None:
    raw = raw_reference(message('a', 'b', sec=2))
    assert raw.stamp_ns == 7_000_000_003
    assert list(raw.names) == ['a', 'b']
    (point,) = raw.points
    assert isinstance(point, RawPoint)
    assert point.offset_ns == 2_005_000_000
    assert list(point.position) == [1.0, 2.0]
    assert list(point.velocity) == [0.1, 0.2]
    assert list(point.acceleration) == []


def test_a_message_reaches_the_track(listener: Any, taken: ReferenceInput) -> None:
    publisher = listener.say(interfaces.REFERENCE, '/listener/reference')
    publisher.publish(message('joint2', 'joint1'))
    listener.until(lambda: taken.track.counters['accepted'], 'reference')
    found = taken.track.at(7_005_000_003)
    assert found is not None
    assert_allclose(found.position, [2.0, 1.0])


def test_what_is_wrong_is_said_once_and_counted(
    listener: Any, taken: ReferenceInput, capfd: Any
) -> None:
    publisher = listener.say(interfaces.REFERENCE, '/listener/reference')
    for _ in range(3):
        publisher.publish(message('joint1', 'elbow'))
    listener.until(lambda: taken.track.counters['other_joints'] == 3, 'references')
    assert capfd.readouterr().err.count('it lacks joint2') == 1


def test_the_reference_of_an_embedded_robot_reaches_beyond_now(listener: Any, start: Any) -> None:
    pytest.importorskip('mujoco', reason='the embedded robots need mujoco')
    heard = listener.hear(interfaces.ROBOT_REFERENCE)
    start('sim_node', '-p', 'robot:=pendulum')
    track = ReferenceTrack(JOINTS, (None, None))
    listener.until(lambda: len(heard) >= 200, 'references')
    for item in heard[:100]:
        assert track.take(raw_reference(item), 0) is None
    for item in heard[100:104]:
        reference = track.at(stamp_ns(item.header.stamp))
        assert reference is not None
        assert_allclose(reference.position, item.points[0].positions, atol=1e-5)
        assert_allclose(reference.velocity, item.points[0].velocities, atol=1e-3)
