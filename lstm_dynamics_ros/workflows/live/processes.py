# SPDX-License-Identifier: Apache-2.0
"""Nodes in processes of their own, which never outlive the one that started them."""

from collections.abc import Mapping, Sequence
import os
from pathlib import Path
import signal
import subprocess
import sys
from types import TracebackType

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.ros.nodes.spin import PARENT

GRACE = 3.0
"""Time a node has to end by itself [s]."""


class NodeEndedError(LstmDynamicsError):
    """A node that ended before it should."""

    def __init__(self, name: str, code: int, log: str) -> None:
        last = log.strip().splitlines()[-1:] or ['no output']
        super().__init__(f'{name} ended with code {code}: {last[0]}')


class Processes:
    """Context manager that starts nodes and stops them all at the end.

    Args:
        folder: Where their output goes, one file per node.
        environment: What is added to the environment of this process.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**os.environ, **environment, PARENT: str(os.getpid())}
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> 'Processes':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for process in self._running.values():
            process.send_signal(signal.SIGINT)
        for process in self._running.values():
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(
        self, name: str, parameters: Mapping[str, object], *arguments: str, label: str = ''
    ) -> None:
        """Start one of the nodes of this package.

        Args:
            name: Its executable, e.g. ``sim_node``.
            parameters: Its parameters.
            arguments: More ROS arguments, e.g. ``-r``, ``~/reference:=/reference``.
            label: Name of the node, if it is not that of the executable.
        """
        if label:
            arguments = (*arguments, '-r', f'__node:={label}')
        command = [sys.executable, '-m', 'lstm_dynamics_ros.ros.main', name, '--ros-args']
        for key, value in parameters.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            command += ['-p', f'{key}:={text}']
        label = label or name
        with self._log(label).open('wb') as log:
            self._running[label] = subprocess.Popen(
                [*command, *arguments], stdout=log, stderr=log, env=self._environment
            )

    def check(self) -> None:
        """Raise :class:`NodeEndedError` if a node is no longer there."""
        for name, process in self._running.items():
            if process.poll() is not None:
                raise NodeEndedError(name, process.returncode, self.output(name))

    def output(self, name: str) -> str:
        """Return the output of a node so far."""
        return self._log(name).read_text(errors='replace')

    def _log(self, name: str) -> Path:
        return self._folder / f'{name}.log'


def last_lines(processes: Processes, names: Sequence[str]) -> str:
    """Return the last line of each node's output, for an error message."""
    last = [(name, processes.output(name).strip().splitlines()[-1:]) for name in names]
    return ' '.join(f'{name} says: {lines[0]}' for name, lines in last if lines)
