# SPDX-License-Identifier: Apache-2.0
"""The executables: they take over Ctrl-C before the slow imports, then start a node.

``python -m lstm_dynamics_ros.ros.main dynamics_node --ros-args ...`` does the same without an
installation.
"""

from importlib import import_module
import signal
import sys
from types import FrameType

NODES = ('dynamics_node', 'sim_node', 'recorder_node')


def _quit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    sys.exit(0)


def _start(name: str) -> int:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _quit)
    module = import_module(f'lstm_dynamics_ros.ros.{name}')
    return int(module.main())


def dynamics_node() -> int:
    """Run the node that predicts."""
    return _start('dynamics_node')


def sim_node() -> int:
    """Run an embedded robot."""
    return _start('sim_node')


def recorder_node() -> int:
    """Run the recorder."""
    return _start('recorder_node')


if __name__ == '__main__':
    if len(sys.argv) < 2 or sys.argv[1] not in NODES:
        sys.exit(f'Usage: python -m lstm_dynamics_ros.ros.main {{{",".join(NODES)}}} ...')
    sys.exit(_start(sys.argv.pop(1)))
