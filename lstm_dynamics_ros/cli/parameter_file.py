# SPDX-License-Identifier: Apache-2.0
"""Prints config/dynamics.yaml from the settings' declarations: `make docs`."""

import textwrap

from lstm_dynamics_ros.cli.console import say
from lstm_dynamics_ros.core.parameters import leaves, Value
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings

HEAD = """\
# SPDX-License-Identifier: Apache-2.0
# Parameters of dynamics_node, with their defaults, printed from the code by `make docs`. Give
# your own copy with params_file:= (ros2 launch) or --params-file (ros2 run).
/**:
  ros__parameters:"""

WIDTH = 88
"""Longest line of a comment, without its indent."""


def parameter_file() -> str:
    """Return the parameter file as YAML, with what each parameter does as a comment."""
    lines = [HEAD]
    groups: list[str] = []
    for leaf in leaves(NodeSettings()):
        *path, name = leaf.name.split('.')
        while groups != path[: len(groups)]:
            groups.pop()
        for group in path[len(groups) :]:
            lines.append(f'{_indent(groups)}{group}:')
            groups.append(group)
        comment = textwrap.wrap(
            leaf.setting.help, WIDTH, break_on_hyphens=False, break_long_words=False
        )
        lines += [f'{_indent(groups)}# {line}' for line in comment]
        lines.append(f'{_indent(groups)}{name}: {_value(leaf.value)}')
    return '\n'.join(lines)


def _indent(groups: list[str]) -> str:
    return '  ' * (2 + len(groups))


def _value(value: Value) -> str:
    """Return a value as YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f'[{", ".join(_value(item) for item in value)}]'
    return repr(value) if value == '' else str(value)


if __name__ == '__main__':
    say(parameter_file())
