# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""Tests for trajectory_sender.py: a sender in another process, robot and controller in this."""

from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

from lstm_dynamics_ros.data.bags.cdr import TRAJECTORY
from lstm_dynamics_ros.data.bags.messages import joint_trajectory
from lstm_dynamics_ros.data.bags.writer import BagWriter
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import JointStateMessage
import numpy as np
import pytest

CONTROLLER = '/joint_trajectory_controller/joint_trajectory'
SEND = (
    'import sys; from lstm_dynamics_ros.workflows.live.trajectory_sender import send\n'
    'print(send(sys.argv[1], confirm=lambda _: sys.argv[2] == "yes", patience=20.0))'
)
START = np.array([0.5, -0.2])


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Write a trajectory of two seconds out and back."""
    ways = 0.2 * np.sin(np.linspace(0.0, np.pi, 21))
    points = [{'position': START + way} for way in ways]
    with BagWriter(tmp_path / 'bag') as writer:
        message = joint_trajectory(0, ('a', 'b'), points, 0.1)
        writer.write(CONTROLLER, TRAJECTORY, 0, message)
    return tmp_path / 'bag'


def sender(bag: Path, answer: str = 'yes') -> subprocess.Popen[str]:
    command = [sys.executable, '-c', SEND, str(bag), answer]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Robot:
    """Publishes joint states in another order, whenever the listener looks."""

    def __init__(self, listener: Any, position: np.ndarray) -> None:
        self.position, self.velocity = position, np.zeros(2)
        self.silent = False
        self._message = JointStateMessage(('b', 'a'))
        self._publisher = listener.say(interfaces.ROBOT_JOINT_STATES, '/joint_states')

    def __call__(self) -> None:
        if not self.silent:
            message = self._message.fill(
                time.time_ns(), self.position[::-1], self.velocity[::-1], None
            )
            self._publisher.publish(message)


def until(listener: Any, robot: Robot, holds: Any, what: str) -> None:
    def look() -> bool:
        robot()
        return bool(holds())

    listener.until(look, what)


def finish(listener: Any, robot: Robot, process: subprocess.Popen[str]) -> tuple[str, str]:
    until(listener, robot, lambda: process.poll() is not None, 'end of the sender')
    return process.communicate()


def test_it_sends_once_and_waits_for_the_end(listener: Any, bag: Path) -> None:
    heard = listener.hear(interfaces.REFERENCE, CONTROLLER)
    process = sender(bag)
    out, err = finish(listener, Robot(listener, START), process)

    assert err == ''
    assert out == 'Sent 2 s.\n'
    (message,) = heard
    assert list(message.joint_names) == ['a', 'b']
    assert len(message.points) == 21
    assert message.header.stamp.sec == 0


def test_nothing_is_sent_without_a_yes(listener: Any, bag: Path) -> None:
    heard = listener.hear(interfaces.REFERENCE, CONTROLLER)
    process = sender(bag, 'no')
    out, _ = finish(listener, Robot(listener, START), process)

    assert out == 'Nothing was sent.\n'
    assert heard == []


def test_a_robot_that_is_elsewhere_is_left_alone(listener: Any, bag: Path) -> None:
    heard = listener.hear(interfaces.REFERENCE, CONTROLLER)
    process = sender(bag)
    _, err = finish(listener, Robot(listener, START + np.array([0.0, 0.3])), process)

    assert 'b is at 0.100, the start is -0.200' in err
    assert '--home 0.5000 0.1000' in err
    assert heard == []


def test_a_robot_that_moves_is_left_alone(listener: Any, bag: Path) -> None:
    heard = listener.hear(interfaces.REFERENCE, CONTROLLER)
    process = sender(bag)
    robot = Robot(listener, START)
    robot.velocity = np.array([0.0, 0.4])
    _, err = finish(listener, robot, process)

    assert 'The robot is moving' in err
    assert heard == []


def test_ctrl_c_brings_it_to_rest(listener: Any, bag: Path) -> None:
    heard = listener.hear(interfaces.REFERENCE, CONTROLLER)
    process = sender(bag)
    robot = Robot(listener, START)
    until(listener, robot, lambda: heard, 'the trajectory')
    robot.position, robot.velocity = START + 0.1, np.array([0.4, -4.0])
    until(listener, robot, time.monotonic, 'a look')
    seen = time.monotonic() + 0.3
    until(listener, robot, lambda: time.monotonic() > seen, 'joint states')
    process.send_signal(signal.SIGINT)
    out, _ = finish(listener, robot, process)

    assert 'commanded to come to rest' in out
    (point,) = heard[1].points
    # Half the way at constant deceleration; the second joint no farther than it was to go.
    np.testing.assert_allclose(point.positions, [0.6 + 0.5 * 0.3 * 0.4, -0.2])
    assert list(point.velocities) == [0.0, 0.0]
    assert point.time_from_start.nanosec == 300_000_000


def test_lost_joint_states_bring_it_to_rest(listener: Any, bag: Path) -> None:
    heard = listener.hear(interfaces.REFERENCE, CONTROLLER)
    process = sender(bag)
    robot = Robot(listener, START)
    until(listener, robot, lambda: heard, 'the trajectory')
    robot.silent = True
    _, err = finish(listener, robot, process)

    assert 'joint_states stopped coming; the robot was commanded to stop' in err
    assert len(heard) == 2


def test_a_bag_of_something_else_is_refused(listener: Any, tmp_path: Path) -> None:
    with BagWriter(tmp_path / 'bag') as writer:
        for k in range(2):
            message = joint_trajectory(0, ('a',), [{'position': np.zeros(1)}])
            writer.write(CONTROLLER, TRAJECTORY, k, message)
    process = sender(tmp_path / 'bag')
    listener.until(lambda: process.poll() is not None, 'end of the sender')

    assert 'must hold one JointTrajectory' in process.communicate()[1]
