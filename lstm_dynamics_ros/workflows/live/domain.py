# SPDX-License-Identifier: Apache-2.0
"""A ROS domain for a program and the nodes it starts, apart from everybody else's."""

from collections.abc import Iterator
from contextlib import contextmanager
import fcntl
import os
from pathlib import Path
import tempfile
from typing import IO, NamedTuple

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.ros.nodes.spin import make_executor, StopFlag
from lstm_dynamics_ros.workflows.live.processes import Processes
import rclpy
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown

DOMAINS = 100
"""Domains tried, from 1 on; ports of higher ones are given to other programs on Linux."""


def claim_domain() -> IO[bytes]:
    """Put this process and those it starts on a domain of their own, seen on this machine only.

    Another program that claims one, too, gets another one, whoever runs it.

    Returns:
        A file; the domain is free again when it is closed.

    Raises:
        DataError: If all domains are taken.
    """
    for number in range(DOMAINS):
        domain = 1 + (os.getpid() + number) % DOMAINS
        path = Path(tempfile.gettempdir()) / f'ros_domain_{domain}.lock'
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError:  # somebody else's
            continue
        lock = os.fdopen(descriptor, 'rb')
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        os.environ.update(ROS_DOMAIN_ID=str(domain), ROS_AUTOMATIC_DISCOVERY_RANGE='LOCALHOST')
        return lock
    raise DataError(f'All of the {DOMAINS} ROS domains are taken by other programs.')


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
        with tempfile.TemporaryDirectory() as folder, Processes(Path(folder), {}) as processes:
            yield OwnDomain(node, executor, processes, stop)
    finally:
        executor.shutdown()
        node.destroy_node()
        try_shutdown()
        claim.close()
