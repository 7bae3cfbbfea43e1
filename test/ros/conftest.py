# SPDX-License-Identifier: Apache-2.0
"""Nodes in processes of their own, and a listener in this one, on a ROS domain of their own."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
import os
import warnings

collect_ignore_glob = [] if find_spec('rclpy') else ['test_*.py']

os.environ |= {
    'ROS_DOMAIN_ID': str(1 + os.getpid() % 100),
    'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
    'ROS_PYTHON_CHECK_FIELDS': '1',
}

if find_spec('rclpy'):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # rosidl's parser (lark) warns about sre_parse
        import rosidl_generator_py  # noqa: F401
    import pytest
    import rclpy
    from rclpy.context import Context
    from rclpy.node import Node

    @pytest.fixture
    def make_node() -> Iterator[Callable[..., Node]]:
        """Return a function that makes a node from ``name:=value`` overrides."""
        made: list[tuple[Node, Context]] = []

        def make(*overrides: str, **options: bool) -> Node:
            context = Context()
            words = [word for override in overrides for word in ('-p', override)]
            rclpy.init(args=['--ros-args', *words] if words else [], context=context)
            node = Node('test', context=context, **options)  # type: ignore[arg-type]
            made.append((node, context))
            return node

        yield make
        for node, context in made:
            node.destroy_node()
            rclpy.shutdown(context=context)
