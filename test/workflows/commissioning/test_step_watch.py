# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for step_watch.py."""

from itertools import count
from typing import Any

from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import set_time
from lstm_dynamics_ros.workflows.commissioning.step_watch import StepWatch
import numpy as np
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

NAMES = ('joint1', 'joint2')
DT = 5_000_000


def test_joint_states_are_compared_with_the_reference_of_their_time(listener: Any) -> None:
    watch = StepWatch(listener.node, 'joint_states', 'reference', NAMES)
    states = listener.say(interfaces.ROBOT_JOINT_STATES)
    reference = listener.say(interfaces.ROBOT_REFERENCE)
    steps = count(3)

    def send() -> bool:
        """Send the next step, and tell whether enough have been paired."""
        k, idle = divmod(next(steps), 3)  # one message is taken in per call
        if idle:
            return len(watch.taken()[0]) >= 60
        state = JointState(name=['joint2', 'joint1'], position=[0.5, 1e-3 * k], effort=[2.0, 1.0])
        set_time(state.header.stamp, k * DT)
        states.publish(state)
        point = JointTrajectoryPoint(
            positions=[1e-3 * k + 0.01, 0.5], velocities=[0.2, 0.0], accelerations=[0.0, 0.0]
        )
        message = JointTrajectory(joint_names=list(NAMES), points=[point])
        set_time(message.header.stamp, k * DT)
        if k % 2:
            reference.publish(message)
        return len(watch.taken()[0]) >= 60

    listener.until(send, 'pairs')
    stamps, errors, efforts = watch.taken()
    assert (np.diff(stamps) > 0).all()
    np.testing.assert_allclose(errors, np.tile([0.01, 0.0], (len(errors), 1)), atol=1e-9)
    np.testing.assert_allclose(efforts, np.tile([1.0, 2.0], (len(efforts), 1)))
    watch.begin()
    assert len(watch.taken()[0]) == 0
