# SPDX-License-Identifier: Apache-2.0
"""Nodes in processes of their own and a listener in this one, see shared/ros_fixtures.py."""

from importlib.util import find_spec

from ros_fixtures import listener, loop, make_node, model, pendulum_model, start

collect_ignore_glob = [] if find_spec('rclpy') else ['*test_*.py']

__all__ = ['listener', 'loop', 'make_node', 'model', 'pendulum_model', 'start']
