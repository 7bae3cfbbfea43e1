# SPDX-License-Identifier: Apache-2.0
"""The executables: they take over Ctrl-C before the slow imports, then start a node.

``python -m lstm_dynamics_ros.ros.main dynamics_node --ros-args ...`` does the same without an
installation.
"""

from importlib import import_module
import signal
import sys
from types import FrameType

NODES = ('dynamics_node', 'command_watchdog', 'sim_node', 'recorder_node')


def _quit(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    sys.exit(0)


def help_text(name: str) -> str:
    """Return how to start a node, and its parameters."""
    # Imported here: Ctrl-C must be in hand before numpy and all that comes with it.
    from lstm_dynamics_ros.core.parameters import leaves  # noqa: PLC0415
    from lstm_dynamics_ros.ros.nodes import (  # noqa: PLC0415
        command_watchdog_settings,
        settings,
    )

    config = {
        'dynamics_node': settings.NodeSettings,
        'command_watchdog': command_watchdog_settings.CommandWatchdogSettings,
        'sim_node': settings.SimSettings,
        'recorder_node': settings.RecorderSettings,
    }[name]()
    lines = [
        f'usage: {name} [--ros-args -p PARAMETER:=VALUE ... --params-file FILE ...]',
        '',
        'Parameters, with their defaults:',
    ]
    for leaf in leaves(config):
        value = leaf.value
        default = str(list(value)) if isinstance(value, tuple) else str(value)
        lines += [f'  {leaf.name}: {default}', f'      {leaf.setting.help}']
    return '\n'.join(lines)


def _start(name: str) -> int:
    if {'-h', '--help'} & set(sys.argv[1:]):
        sys.stdout.write(f'{help_text(name)}\n')
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _quit)
    module = import_module(f'lstm_dynamics_ros.ros.nodes.{name}')
    return int(module.main())


def dynamics_node() -> int:
    """Run the node that predicts."""
    return _start('dynamics_node')


def command_watchdog() -> int:
    """Run the process that sends the safe command when commands stop."""
    return _start('command_watchdog')


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
