# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""Tests for graph.py."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.ros.topics.graph import joint_state_topics, nodes_of_same_name, why_silent
from lstm_dynamics_ros.ros.topics.interfaces import JOINT_STATES, ROBOT_JOINT_STATES
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import String

MakeNode = Callable[..., Node]


def test_nobody_publishes(make_node: MakeNode) -> None:
    text = why_silent(make_node(), 'joint_states')
    assert text.startswith('Waiting for /joint_states, which nobody publishes.')


def test_joint_states_elsewhere_are_named_but_not_ones_own(
    make_node: MakeNode, listener: Any
) -> None:
    node = make_node()
    node.create_publisher(JointState, 'own', 1)
    listener.node.create_publisher(JointState, '/arm/joint_states', 1)
    listener.until(
        lambda: joint_state_topics(node).get('/arm/joint_states') == ['/listener'], 'topic'
    )
    text = why_silent(node, 'joint_states')
    assert text.endswith(
        'Joint states are published on /arm/joint_states (by /listener). '
        'Remap joint_states to one of them.'
    )


def test_a_quality_of_service_that_does_not_match_is_explained(
    make_node: MakeNode, listener: Any
) -> None:
    node = make_node()
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    listener.node.create_publisher(JointState, 'joint_states', best_effort)
    could = '/listener could publish'
    listener.until(lambda: could in why_silent(node, 'joint_states'), 'publisher')
    text = why_silent(node, 'joint_states', ROBOT_JOINT_STATES.qos)
    assert 'the quality of service of /listener does not match' in text
    assert 'Best effort publisher and reliable subscription' in text
    assert could in why_silent(node, 'joint_states', JOINT_STATES.qos)


def test_a_topic_of_another_type_is_named(make_node: MakeNode, listener: Any) -> None:
    node = make_node()
    listener.node.create_publisher(String, 'joint_states', 1)
    wanted = 'but /listener publishes it as std_msgs/msg/String.'
    listener.until(lambda: wanted in why_silent(node, 'joint_states'), wanted)


def test_nodes_of_the_same_name_are_counted(make_node: MakeNode, listener: Any) -> None:
    first, _ = make_node(), make_node()
    listener.until(lambda: nodes_of_same_name(first) == 1, 'another of the name')
    assert nodes_of_same_name(listener.node) == 0
