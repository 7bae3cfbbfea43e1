# SPDX-License-Identifier: Apache-2.0
"""Which commands there are. None is imported before it is chosen."""

import ast
from importlib.util import find_spec
import inspect
from pathlib import Path
from typing import Protocol

from lstm_dynamics_ros.core.errors import MissingLibraryError, UnknownNameError
from lstm_dynamics_ros.core.extensions import BENCH, COMMANDS, Extension, extensions

OWN = {
    'demo': 'lstm_dynamics_ros.cli.demo:Demo',
    'simulate': 'lstm_dynamics_ros.cli.simulate:Simulate',
    'excite': 'lstm_dynamics_ros.cli.excite:Excite',
    'record': 'lstm_dynamics_ros.cli.record:Record',
    'convert': 'lstm_dynamics_ros.cli.convert:Convert',
    'latency': 'lstm_dynamics_ros.cli.latency:Latency',
    'identify': 'lstm_dynamics_ros.cli.identify:Identify',
    'train': 'lstm_dynamics_ros.cli.train:Train',
    'search': 'lstm_dynamics_ros.cli.search:Search',
    'improve': 'lstm_dynamics_ros.cli.improve:Improve',
    'evaluate': 'lstm_dynamics_ros.cli.evaluate:Evaluate',
    'replay': 'lstm_dynamics_ros.cli.replay:Replay',
    'explain': 'lstm_dynamics_ros.cli.explain:Explain',
    'inspect': 'lstm_dynamics_ros.cli.inspect:Inspect',
    'switch-on': 'lstm_dynamics_ros.cli.switch_on:SwitchOn',
    'models': 'lstm_dynamics_ros.cli.models:Models',
}
"""Commands of this package: where the class of each is."""

OF_THE_BENCH = {'benchmark'}
"""Commands that a package brings which need not be installed."""


class Command(Protocol):
    """A command with its arguments."""

    def run(self) -> int:
        """Do it and return the exit code."""


def commands() -> dict[str, Extension]:
    """Return all commands there are, by name."""
    own = {name: Extension(name=name, path=path) for name, path in OWN.items()}
    others = extensions(COMMANDS)
    return own | {name: item for name, item in others.items() if name not in own}


def chosen(words: list[str]) -> tuple[Extension, int]:
    """Return the command that a command line names, and with how many words it does.

    Raises:
        UnknownNameError: If there is none of that name.
        MissingLibraryError: If it is one of a package that is not installed.
    """
    name = words[0]
    if name in OWN:
        return Extension(name=name, path=OWN[name]), 1
    others = extensions(COMMANDS)
    for count in (2, 1):
        if (called := '.'.join(words[:count])) in others:
            return others[called], count
    if name in OF_THE_BENCH:
        raise MissingLibraryError(BENCH)
    raise UnknownNameError('command', name, [item.replace('.', ' ') for item in [*OWN, *others]])


def summary(command: Extension) -> str:
    """Return the first paragraph of a command's description, without importing the command."""
    module, _, name = command.path.partition(':')
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        spec = None
    if spec is None or spec.origin is None:
        return '(not installed)'
    tree = ast.parse(Path(spec.origin).read_text(encoding='utf-8'))
    found = (x for x in tree.body if isinstance(x, ast.ClassDef) and x.name == name)
    text = ast.get_docstring(next(found)) or ''
    return ' '.join(inspect.cleandoc(text).split('\n\n')[0].split())
