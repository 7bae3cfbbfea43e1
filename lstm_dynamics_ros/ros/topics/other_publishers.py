# SPDX-License-Identifier: Apache-2.0
"""Who else publishes a command: of two writers the last one wins, so there must be one."""

from collections.abc import Collection

from rclpy.node import Node

STRANGER = 'a node whose name is not known yet'
"""Stands for the name of a node that discovery has only half seen."""


def other_publishers(node: Node, topic: str, allowed: Collection[str] = ()) -> list[str]:
    """Return the full names of the other nodes that could publish a topic, sorted.

    Args:
        node: The node that asks; its own publishers do not count.
        topic: The topic, as given to ``create_publisher``.
        allowed: Full names of nodes that do not count either.
    """
    own = full_name(node.get_namespace(), node.get_name())
    names = {
        full_name(info.node_namespace, info.node_name)
        for info in node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    }
    return sorted(names - {own, *allowed})


def listeners(node: Node, topic: str) -> set[str]:
    """Return the full names of the nodes that subscribe to a topic, this one left out."""
    own = full_name(node.get_namespace(), node.get_name())
    infos = node.get_subscriptions_info_by_topic(node.resolve_topic_name(topic))
    names = {full_name(info.node_namespace, info.node_name) for info in infos}
    return names - {own, STRANGER}


def full_name(namespace: str, name: str) -> str:
    """Return a node's name with its namespace."""
    if name == '_NODE_NAME_UNKNOWN_':
        return STRANGER
    return f'{namespace.rstrip("/")}/{name}'
