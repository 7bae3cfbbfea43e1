# SPDX-License-Identifier: Apache-2.0
"""Prints what is made from the settings' declarations, for `make docs`.

That is docs/parameters.md (``page``) and config/dynamics.yaml (``file``).
"""

import sys
import textwrap

from lstm_dynamics_ros.cli.console import say
from lstm_dynamics_ros.core.parameters import Leaf, leaves, Value
from lstm_dynamics_ros.data.excitation.settings import ExcitationSettings
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families import AnySettings
from lstm_dynamics_ros.learning.interpretation.settings import ExplainSettings
from lstm_dynamics_ros.ros.nodes.command_watchdog_settings import CommandWatchdogSettings
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings, RecorderSettings, SimSettings
from lstm_dynamics_ros.sim.hidden import HiddenPhysics

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


SECTIONS: tuple[tuple[str, str, type, str], ...] = (
    ('dynamics_node', 'ROS parameters of the node that predicts.', NodeSettings, ''),
    (
        'command_watchdog',
        'ROS parameters of the process that sends the safe command.',
        CommandWatchdogSettings,
        '',
    ),
    ('sim_node', 'ROS parameters of the embedded robots.', SimSettings, ''),
    (
        'sim_node: hidden physics',
        'What the nominal model of an embedded robot does not know. The defaults shown are those '
        'of the class; each robot file in `config/robots` brings its own.',
        HiddenPhysics,
        'hidden.',
    ),
    ('recorder_node', 'ROS parameters of the recorder.', RecorderSettings, ''),
    ('Excitation', 'Flags of `lstm-dynamics excite`.', ExcitationSettings, ''),
    (
        'Training',
        'Flags of `lstm-dynamics train` and keys of `config/training/*.yaml`.',
        AnySettings,
        '',
    ),
    ('Explain', 'Flags of `lstm-dynamics explain`.', ExplainSettings, ''),
    ('Export', 'What the model card says beyond what training knows.', ExportSettings, ''),
)


def page() -> str:
    """Return the page as Markdown."""
    lines = [
        '# Parameters',
        '',
        'Printed from the code by `make docs`; do not edit. A parameter marked *live* may change '
        'while running.',
    ]
    for title, text, cls, prefix in SECTIONS:
        lines += ['', f'## {title}', '', text, '']
        lines += ['| name | default | range | live | what |', '|---|---|---|---|---|']
        lines += [_row(leaf) for leaf in leaves(cls(), prefix)]
    return '\n'.join(lines)


def _row(leaf: Leaf) -> str:
    setting = leaf.setting
    limits = ', '.join(setting.choices)
    if setting.minimum is not None or setting.maximum is not None:
        low = '' if setting.minimum is None else f'{setting.minimum:g}'
        high = '' if setting.maximum is None else f'{setting.maximum:g}'
        limits = f'{low} .. {high}'
    unit = f' [{setting.unit}]' if setting.unit else ''
    value = leaf.value
    default = ', '.join(map(str, value)) if isinstance(value, tuple) else str(value)
    live = 'live' if setting.reconfigurable else ''
    shown = f'`{default}`' if default else ''
    return f'| `{leaf.name}` | {shown} | {limits} | {live} | {setting.description}{unit} |'


if __name__ == '__main__':
    say({'page': page, 'file': parameter_file}[sys.argv[1]]())
