# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for sinks.py and what it asks on the graph."""

import math
from typing import Any

from lstm_dynamics_ros.core.state import Reference
from lstm_dynamics_ros.ros.nodes.settings import SinkSettings
from lstm_dynamics_ros.ros.nodes.sinks import make_sink
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.command_interfaces import ARMED_ANEW
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
import numpy as np
import pytest

JOINTS = ('joint1', 'joint2')
ADDING = SinkSettings(sink_adds=True, controller_joints=('joint2', 'joint1'))
TRAJECTORY = SinkSettings(
    command_type='joint_trajectory',
    command_topic=interfaces.COMMAND_TRAJECTORY.name,
    controller_joints=JOINTS,
)
TORQUE = np.array([1.0, 2.0])
HOLD = ('-p', 'robot:=pendulum', '-p', 'motion:=hold')


def reference(stamp: int) -> Reference:
    return Reference(stamp, np.array([0.1, 0.2]), np.array([0.3, 0.4]), np.array([0.5, 0.6]))


def test_efforts_come_in_the_order_of_the_controller(listener: Any, make_node: Any) -> None:
    sink = make_sink(make_node(), ADDING, JOINTS, 0.005)
    heard = listener.hear(interfaces.COMMAND)
    listener.until(lambda: sink.subscribers, 'a subscriber')
    assert sink.refusals() == []
    sink.begin()
    sink.send(TORQUE, None, 0)
    listener.until(lambda: heard, 'a command')
    assert list(heard[0].data) == [2.0, 1.0]
    sink.destroy()


def test_the_first_commands_after_arming_say_so(listener: Any, make_node: Any) -> None:
    sink = make_sink(make_node(), ADDING, JOINTS, 0.005)
    heard = listener.hear(interfaces.COMMAND)
    listener.until(lambda: sink.subscribers, 'a subscriber')
    sink.begin()
    for k in range(12):
        sink.send(TORQUE, None, 0)
        listener.until(lambda k=k: len(heard) > k, 'a command')
    labels = [message.layout.dim[0].label if message.layout.dim else '' for message in heard]
    assert labels == [ARMED_ANEW] * 10 + ['', '']
    sink.destroy()


def test_what_is_not_finite_is_sent_as_zero(listener: Any, make_node: Any) -> None:
    sink = make_sink(make_node(), ADDING, JOINTS, 0.005)
    heard = listener.hear(interfaces.COMMAND)
    listener.until(lambda: sink.subscribers, 'a subscriber')
    sink.send(np.array([1.0, math.nan]), None, 0)
    listener.until(lambda: heard, 'a command')
    assert list(heard[0].data) == [0.0, 0.0]
    assert sink.counters['command_not_finite'] == 1
    sink.destroy()


def test_a_trajectory_controller_gets_the_reference_with_the_effort(
    listener: Any, make_node: Any
) -> None:
    sink = make_sink(make_node(), TRAJECTORY, JOINTS, 0.005)
    heard = listener.hear(interfaces.COMMAND_TRAJECTORY)
    listener.until(lambda: sink.subscribers, 'a subscriber')
    assert sink.needs_reference
    assert sink.refusals() == []
    sink.send(TORQUE, None, 0)
    sink.send(TORQUE, reference(50_000_000), 30_000_000)
    listener.until(lambda: heard, 'a command')
    (message,) = heard
    (point,) = message.points
    assert list(message.joint_names) == list(JOINTS)
    assert stamp_ns(message.header.stamp) == 0
    assert point.time_from_start.nanosec == 20_000_000
    assert list(point.positions) == [0.1, 0.2]
    assert list(point.velocities) == [0.3, 0.4]
    assert list(point.effort) == [1.0, 2.0]
    assert sink.counters['no_reference'] == 1
    sink.destroy()


@pytest.mark.parametrize(
    ('settings', 'refusal'),
    [
        (SinkSettings(), 'A correction needs a sink that adds it, and sink_adds is false.'),
        (
            SinkSettings(command_type='joint_trajectory', command_mode='full'),
            'A joint trajectory controller adds the effort: command_mode cannot be full.',
        ),
        (SinkSettings(sink_adds=True), 'Nobody subscribes to effort_controller/commands.'),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(
    make_node: Any, settings: SinkSettings, refusal: str
) -> None:
    sink = make_sink(make_node(), settings, JOINTS, 0.005)
    assert refusal in sink.refusals()
    sink.destroy()


def test_full_effort_needs_no_sink_that_adds(make_node: Any) -> None:
    sink = make_sink(make_node(), SinkSettings(command_mode='full'), JOINTS, 0.005)
    assert sink.refusals() == ['Nobody subscribes to effort_controller/commands.']
    sink.destroy()


def test_a_second_publisher_is_named(listener: Any, make_node: Any) -> None:
    sink = make_sink(make_node(), ADDING, JOINTS, 0.005)
    listener.node.create_publisher(interfaces.COMMAND.type, interfaces.COMMAND.name, 1)
    listener.hear(interfaces.COMMAND)
    expected = ['/listener also commands the controller.']
    listener.until(lambda: sink.refusals() == expected, 'second publisher')
    sink.destroy()


def test_joints_of_the_controller_that_differ_are_refused(listener: Any, start: Any) -> None:
    start('sim_node', *HOLD)
    settings = SinkSettings(sink_adds=True)
    other = make_sink(listener.node, settings, ('joint1', 'elbow'), 0.005)
    same = make_sink(listener.node, settings, ('joint2', 'joint1'), 0.005)
    listener.until(lambda: other.subscribers and same.subscribers, 'a subscriber')
    assert 'Nobody listens' in same.refusals()[0]  # it has not been asked yet

    def answered() -> bool:
        other.look()
        same.look()
        return not same.refusals() and 'drives' in other.refusals()[0]

    listener.until(answered, 'joints')
    assert other.refusals() == [
        "/sim_node drives the joints ['joint1', 'joint2'], but these are ['joint1', 'elbow']."
    ]
    same.destroy()
    other.destroy()


def test_behind_a_watchdog_only_the_watchdog_may_publish(
    listener: Any, start: Any, make_node: Any
) -> None:
    start('command_watchdog')
    settings = SinkSettings(
        sink_adds=True,
        command_topic='/command_watchdog/input',
        controller_topic='effort_controller/commands',
        controller_joints=JOINTS,
    )
    sink = make_sink(listener.node, settings, JOINTS, 0.005)
    listener.until(lambda: sink.subscribers and not sink.other_publishers, 'the watchdog')
    make_node().create_publisher(interfaces.COMMAND.type, interfaces.COMMAND.name, 1)
    listener.until(lambda: sink.other_publishers == ['/test'], 'second publisher')
    sink.destroy()
