# SPDX-License-Identifier: Apache-2.0
"""What is on the ROS graph: who else commands, and why messages do not arrive."""

from collections.abc import Collection, Iterable

from lstm_dynamics_ros.ros.topics.command_interfaces import JOINT_STATE_QOS
from rclpy.node import Node
from rclpy.qos import qos_check_compatible, QoSCompatibility, QoSProfile
from rclpy.topic_endpoint_info import TopicEndpointInfo

JOINT_STATE_TYPE = 'sensor_msgs/msg/JointState'

STRANGER = 'a node whose name is not known yet'
"""Stands for the name of a node that discovery has only half seen."""


def why_silent(node: Node, topic: str, qos: QoSProfile = JOINT_STATE_QOS) -> str:
    """Say which topic is waited for, and what could be the reason that nothing comes.

    Args:
        node: Any node on the graph.
        topic: The topic, as given to ``create_subscription``.
        qos: What the subscription asks for.
    """
    full = node.resolve_topic_name(topic)
    sources = node.get_publishers_info_by_topic(full)
    if not sources:
        return f'Waiting for {full}, which nobody publishes. {_others(node, full)}'
    names = ', '.join(_names(sources))
    for info in sources:
        if info.topic_type != JOINT_STATE_TYPE:
            return f'Waiting for {full}, but {names} publishes it as {info.topic_type}.'
        verdict, reason = qos_check_compatible(info.qos_profile, qos)
        if verdict == QoSCompatibility.ERROR:
            return (
                f'Waiting for {full}, but the quality of service of {names} does not match: '
                f'{reason.strip().rstrip(";")}.'
            )
    return f'Waiting for {full}. {names} could publish it, but nothing has come.'


def joint_state_topics(node: Node) -> dict[str, list[str]]:
    """Return the nodes that publish joint states, by full topic name."""
    return {
        topic: sorted(_names(node.get_publishers_info_by_topic(topic)))
        for topic, types in node.get_topic_names_and_types()
        if JOINT_STATE_TYPE in types and node.count_publishers(topic)
    }


def nodes_of_same_name(node: Node) -> int:
    """Return how many other nodes have this node's full name."""
    mine = (node.get_name(), node.get_namespace())
    return max(0, node.get_node_names_and_namespaces().count(mine) - 1)


def other_publishers(node: Node, topic: str, allowed: Collection[str] = ()) -> list[str]:
    """Return the full names of the other nodes that could publish a topic, sorted.

    Of two that command the last one wins, so there must be one.

    Args:
        node: The node that asks; its own publishers do not count.
        topic: The topic, as given to ``create_publisher``.
        allowed: Full names of nodes that do not count either.
    """
    own = _full_name(node.get_namespace(), node.get_name())
    found = node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    return sorted(set(_names(found)) - {own, *allowed})


def listeners(node: Node, topic: str) -> set[str]:
    """Return the full names of the nodes that subscribe to a topic, this one left out."""
    own = _full_name(node.get_namespace(), node.get_name())
    found = node.get_subscriptions_info_by_topic(node.resolve_topic_name(topic))
    return set(_names(found)) - {own, STRANGER}


def _others(node: Node, topic: str) -> str:
    own = [_full_name(node.get_namespace(), node.get_name())]
    found = [
        f'{name} (by {", ".join(nodes)})'
        for name, nodes in joint_state_topics(node).items()
        if name != topic and nodes != own
    ]
    if not found:
        return 'No other joint states are published either. Is the robot running?'
    return f'Joint states are published on {"; ".join(found)}. Remap joint_states to one of them.'


def _names(endpoints: Iterable[TopicEndpointInfo]) -> list[str]:
    return [_full_name(info.node_namespace, info.node_name) for info in endpoints]


def _full_name(namespace: str, name: str) -> str:
    """Return a node's name with its namespace."""
    if name.startswith('_NODE_NAME_UNKNOWN'):  # what rmw says while discovery goes on
        return STRANGER
    return f'{namespace.rstrip("/")}/{name}'
