# SPDX-License-Identifier: Apache-2.0
"""A node on a ROS domain of its own, and what it takes to start others there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from lstm_dynamics_ros.ros.nodes.spin import make_executor, StopFlag
from lstm_dynamics_ros.workflows.live.domain import claim_domain
from lstm_dynamics_ros.workflows.live.processes import Processes
import rclpy
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown


class OwnDomain(NamedTuple):
    """What is there while it lasts."""

    node: Node
    """A node in this process."""
    executor: Executor
    """Runs its callbacks."""
    processes: Processes
    """Nodes in processes of their own, which end with it."""
    stop: StopFlag
    """True once the user wants to end."""


@contextmanager
def own_domain(name: str, executor_name: str) -> Iterator[OwnDomain]:
    """Make a node on a domain that no other program uses.

    Args:
        name: Name of the node.
        executor_name: Executor of the node.
    """
    stop = StopFlag()
    stop.install()
    claim = claim_domain()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Node(name, start_parameter_services=False)
    executor = make_executor(executor_name)
    executor.add_node(node)
    try:
        with TemporaryDirectory() as folder, Processes(Path(folder), {}) as processes:
            yield OwnDomain(node, executor, processes, stop)
    finally:
        executor.shutdown()
        node.destroy_node()
        try_shutdown()
        claim.close()
