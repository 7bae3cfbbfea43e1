# SPDX-License-Identifier: Apache-2.0
"""The `lstm-dynamics` command: picks the sub-command, and turns errors into one line."""

from collections.abc import Sequence
import os
import signal
import sys
from typing import Annotated, Any

from lstm_dynamics_ros.cli.convert import Convert
from lstm_dynamics_ros.cli.demo import Demo
from lstm_dynamics_ros.cli.evaluate import Evaluate
from lstm_dynamics_ros.cli.excite import Excite
from lstm_dynamics_ros.cli.explain import Explain
from lstm_dynamics_ros.cli.extensions import COMMANDS, extension, extension_names, EXTRA
from lstm_dynamics_ros.cli.identify import Identify
from lstm_dynamics_ros.cli.improve import Improve
from lstm_dynamics_ros.cli.inspect import Inspect
from lstm_dynamics_ros.cli.latency import Latency
from lstm_dynamics_ros.cli.models import Models
from lstm_dynamics_ros.cli.record import Record
from lstm_dynamics_ros.cli.replay import Replay
from lstm_dynamics_ros.cli.search import Search
from lstm_dynamics_ros.cli.simulate import Simulate
from lstm_dynamics_ros.cli.switch_on import SwitchOn
from lstm_dynamics_ros.cli.train import Train
from lstm_dynamics_ros.core.errors import LstmDynamicsError, MissingLibraryError
import tyro
from tyro.conf import subcommand

DESCRIPTION = """Learned joint dynamics for robots: record a bag, train a recurrent model, watch it
predict. Start with `lstm-dynamics demo`; then `record` or `convert` -> `inspect` -> `train` ->
`evaluate` -> `replay` -> `explain`. Every command explains itself with --help."""

CLOSED_PIPE = 128 + signal.SIGPIPE
"""Exit code that a shell reports of a program whose reader left."""

Command = (
    Annotated[Demo, subcommand('demo')]
    | Annotated[Simulate, subcommand('simulate')]
    | Annotated[Excite, subcommand('excite')]
    | Annotated[Record, subcommand('record')]
    | Annotated[Convert, subcommand('convert')]
    | Annotated[Latency, subcommand('latency')]
    | Annotated[Identify, subcommand('identify')]
    | Annotated[Train, subcommand('train')]
    | Annotated[Search, subcommand('search')]
    | Annotated[Improve, subcommand('improve')]
    | Annotated[Evaluate, subcommand('evaluate')]
    | Annotated[Replay, subcommand('replay')]
    | Annotated[Explain, subcommand('explain')]
    | Annotated[Inspect, subcommand('inspect')]
    | Annotated[SwitchOn, subcommand('switch-on')]
    | Annotated[Models, subcommand('models')]
)


def parse(words: Sequence[str]) -> Any:  # noqa: ANN401 - commands share nothing but `run`
    """Return the command that a command line asks for.

    Raises:
        MissingLibraryError: If it comes with the second package, and that is not installed.
    """
    if words[:2] == ['benchmark', 'real']:  # has little in common with the other benchmarks
        real = extension(COMMANDS, 'benchmark.real')
        return tyro.cli(real, args=words[2:], prog='lstm-dynamics benchmark real')
    known: Any = Command
    for name in sorted({'benchmark', *extension_names(COMMANDS)}):
        if '.' in name:
            continue
        try:
            known |= Annotated[extension(COMMANDS, name), subcommand(name)]
        except MissingLibraryError:
            if words[:1] == [name]:
                raise
    return tyro.cli(
        known,
        args=words,
        prog='lstm-dynamics',
        description=DESCRIPTION,
        config=(tyro.conf.OmitArgPrefixes,),
    )


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 2 refused with a reason, 130 Ctrl-C."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        command = parse(words)
        try:
            return int(command.run())
        except ModuleNotFoundError as error:
            if type(command).__module__.startswith('lstm_dynamics_ros.'):
                raise
            raise MissingLibraryError(str(error.name), EXTRA) from error
    except LstmDynamicsError as error:
        print(f'{type(error).__name__}: {error}', file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print('Stopped.', file=sys.stderr)
        return 130


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
