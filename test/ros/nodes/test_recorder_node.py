# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for recorder_node.py, in a process of its own."""

from pathlib import Path
import re
import signal
from typing import Any

from lstm_dynamics_ros.data.bags.reader import iterate, read_recording, topics
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import JointStateMessage, set_time
import numpy as np
from numpy.testing import assert_array_equal
import pytest
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint


class Robot:
    """Publishes numbered joint states."""

    def __init__(self, listener: Any) -> None:
        self._publisher = listener.say(interfaces.ROBOT_JOINT_STATES)
        self._writer = JointStateMessage(['joint1', 'joint2'])
        self.sent = 0

    def send(self, count: int) -> None:
        for _ in range(count):
            self.sent += 1
            value = np.array([self.sent, -self.sent], dtype=float)
            self._publisher.publish(self._writer.fill(self.sent * 1_000_000, value, value, value))


@pytest.mark.parametrize('executor', ['events', 'single_threaded'])
def test_ctrl_c_loses_nothing(listener: Any, start: Any, tmp_path: Path, executor: str) -> None:
    bag = tmp_path / 'bag'
    process = start('recorder_node', '-p', f'output:={bag}', '-p', f'executor:={executor}')
    robot = Robot(listener)
    robot.send(1000)
    listener.until(lambda: recorded(bag) > 100_000, 'file')
    code, seconds = process.stop()
    assert code == 0
    assert seconds < 1.0
    samples = list(iterate(bag))
    assert [sample.stamp_ns for sample in samples] == [k * 1_000_000 for k in range(1, 1001)]
    assert re.search(r'Recorded [\d.]+ s: /joint_states 1000 \([\d.]+ Hz\)', process.log)


def recorded(bag: Path) -> int:
    """Return the bytes on disk."""
    return sum(file.stat().st_size for file in bag.glob('*'))


def test_reference_and_command_are_recorded_beside_the_state(
    listener: Any, start: Any, tmp_path: Path
) -> None:
    bag = tmp_path / 'bag'
    reference = listener.node.create_publisher(JointTrajectory, 'reference', 10)
    command = listener.node.create_publisher(Float64MultiArray, 'effort_controller/commands', 10)
    process = start('recorder_node', '-p', f'output:={bag}')
    robot = Robot(listener)
    listener.until(reference.get_subscription_count, 'subscription to the reference')
    listener.until(command.get_subscription_count, 'subscription to the command')
    robot.send(10)
    point = JointTrajectoryPoint(positions=[1.0, 2.0], velocities=[0.0, 0.0])
    reference_message = JointTrajectory(joint_names=['joint1', 'joint2'], points=[point])
    set_time(reference_message.header.stamp, 5_000_000)
    reference.publish(reference_message)
    command.publish(Float64MultiArray(data=[3.0, 4.0]))
    listener.until(lambda: recorded(bag) > 1000, 'file')
    process.stop()
    kinds = {topic.name: topic.messages for topic in topics(bag)}
    assert kinds == {'/joint_states': 10, '/reference': 1, '/effort_controller/commands': 1}
    recording = read_recording(bag)
    assert recording.reference is not None
    assert_array_equal(recording.reference.position, [[1.0, 2.0]])


def test_it_stops_by_itself(listener: Any, start: Any, tmp_path: Path) -> None:
    bag = tmp_path / 'bag'
    process = start('recorder_node', '-p', f'output:={bag}', '-p', 'duration:=0.5')
    Robot(listener).send(50)
    assert process.wait() == 0
    assert len(read_recording(bag)) == 50


def test_nothing_to_record_leaves_nothing_and_says_why(
    listener: Any, start: Any, tmp_path: Path
) -> None:
    bag = tmp_path / 'bag'
    process = start('recorder_node', '-p', f'output:={bag}', '-p', 'duration:=0.3')
    listener.until(lambda: 'recorder_node' in listener.node.get_node_names(), 'recorder')
    assert process.stop()[0] == 2
    assert 'Nothing recorded. Waiting for /joint_states, which nobody publishes.' in process.log
    assert not bag.exists()


@pytest.mark.parametrize(
    ('output', 'message'),
    [('', 'The parameter output is empty'), ('{there}', 'exists already')],
)
def test_a_bad_output_ends_it_with_code_2(
    start: Any, tmp_path: Path, output: str, message: str
) -> None:
    given = ['-p', f'output:={output.format(there=tmp_path)}'] if output else []
    process = start('recorder_node', *given)
    assert process.wait() == 2
    assert message in process.log


# The last test, because a killed subscriber stays on the graph for seconds.
def test_kill_9_costs_at_most_what_was_not_yet_written(
    listener: Any, start: Any, tmp_path: Path
) -> None:
    bag = tmp_path / 'bag'
    process = start('recorder_node', '-p', f'output:={bag}')
    robot = Robot(listener)
    robot.send(500)
    listener.until(lambda: recorded(bag) > 60_000, 'file')
    process.stop(signal.SIGKILL)
    recording = read_recording(bag)
    assert len(recording) == 500
    assert_array_equal(recording.position[:, 0], np.arange(1, 501))
