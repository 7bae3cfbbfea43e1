# SPDX-License-Identifier: Apache-2.0
"""What is on the ROS graph, in words for someone whose messages do not arrive."""

from lstm_dynamics_ros.ros.topics.interfaces import JOINT_STATES
from rclpy.node import Node
from rclpy.qos import qos_check_compatible, QoSCompatibility, QoSProfile

JOINT_STATE_TYPE = 'sensor_msgs/msg/JointState'


def why_silent(node: Node, topic: str, qos: QoSProfile = JOINT_STATES.qos) -> str:
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
    names = ', '.join(_name(info.node_namespace, info.node_name) for info in sources)
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
        topic: sorted(
            _name(info.node_namespace, info.node_name)
            for info in node.get_publishers_info_by_topic(topic)
        )
        for topic, types in node.get_topic_names_and_types()
        if JOINT_STATE_TYPE in types and node.count_publishers(topic)
    }


def nodes_of_same_name(node: Node) -> int:
    """Return how many other nodes have this node's full name."""
    mine = (node.get_name(), node.get_namespace())
    return max(0, node.get_node_names_and_namespaces().count(mine) - 1)


def _others(node: Node, topic: str) -> str:
    own = _name(node.get_namespace(), node.get_name())
    found = [
        f'{name} (by {", ".join(nodes)})'
        for name, nodes in joint_state_topics(node).items()
        if name != topic and nodes != [own]
    ]
    if not found:
        return 'No other joint states are published either. Is the robot running?'
    return f'Joint states are published on {"; ".join(found)}. Remap joint_states to one of them.'


def _name(namespace: str, name: str) -> str:
    if name.startswith('_NODE_NAME_UNKNOWN'):  # what rmw says while discovery goes on
        return 'a node'
    return f'{namespace.rstrip("/")}/{name}'
