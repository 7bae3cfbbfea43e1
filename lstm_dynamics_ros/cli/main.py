# SPDX-License-Identifier: Apache-2.0
"""The `lstm-dynamics` command: picks the sub-command, and turns errors into one line."""

from collections.abc import Sequence
import os
from shutil import get_terminal_size
import signal
import sys
from textwrap import fill
from typing import cast

from lstm_dynamics_ros.cli.commands import chosen, Command, commands, summary
from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.extensions import Extension
from lstm_dynamics_ros.core.lazy import missing_library
import tyro

PROGRAM = 'lstm-dynamics'

DESCRIPTION = """Learned joint dynamics for robots: record a bag, train a recurrent model, watch it
predict. Start with `lstm-dynamics demo`; then `record` or `convert` -> `inspect` -> `train` ->
`evaluate` -> `replay` -> `explain`. Every command explains itself with --help."""

CLOSED_PIPE = 128 + signal.SIGPIPE
"""Exit code that a shell reports of a program whose reader left."""

WIDEST = 100
"""Longest line of the list of commands [characters]."""


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 refused with a reason, 130 Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in {'-h', '--help'}:
        print(overview(), file=sys.stdout if words else sys.stderr)
        return 0 if words else 2
    try:
        return _run(*chosen(words), words)
    except LstmDynamicsError as error:
        print(f'{type(error).__name__}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('Stopped.', file=sys.stderr)
        return 130


def overview() -> str:
    """Return which commands there are, each with a line."""
    width = min(WIDEST, get_terminal_size((WIDEST, 24)).columns)
    known = {name.replace('.', ' '): summary(item) for name, item in commands().items()}
    column = max(map(len, known)) + 4
    lines = [f'usage: {PROGRAM} [-h] COMMAND ...', '', fill(DESCRIPTION, width), '', 'commands:']
    for name, text in known.items():
        head = f'  {name}'.ljust(column)
        lines.append(fill(head + text, width, subsequent_indent=' ' * column))
    return '\n'.join(lines)


def _run(chosen_command: Extension, count: int, words: Sequence[str]) -> int:
    """Import a command, read its arguments, and run it."""
    try:
        made: Command = tyro.cli(
            cast('type[Command]', chosen_command.load()),
            args=words[count:],
            prog=' '.join((PROGRAM, *words[:count])),
            config=(tyro.conf.OmitArgPrefixes,),
        )
        return made.run()
    except ModuleNotFoundError as error:
        raise missing_library(error, chosen_command.extra) from error


def main() -> None:
    """Run the command line as a program, which ends quietly when its reader leaves (`| head`)."""
    try:
        try:
            code = run()
        finally:
            print(end='', flush=True)  # the interpreter's own flush comes too late to be caught
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for output in (1, 2):  # what is still buffered goes nowhere
            os.dup2(nowhere, output)
        code = CLOSED_PIPE
    sys.exit(code)


if __name__ == '__main__':
    main()
