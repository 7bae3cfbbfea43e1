# SPDX-License-Identifier: Apache-2.0
"""Tests for commands.py, and of what comes with the second package and may be missing."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
import inspect
from pathlib import Path

from lstm_dynamics_ros.cli.commands import chosen, commands, OWN, summary
from lstm_dynamics_ros.cli.main import run
from lstm_dynamics_ros.core import extensions
from lstm_dynamics_ros.core.errors import MissingLibraryError, UnknownNameError
from lstm_dynamics_ros.core.extensions import BENCH, COMMANDS, Extension
import pytest

HINT = "pip install 'lstm_dynamics_ros[bench]'"


def only(monkeypatch: pytest.MonkeyPatch, **points: str) -> None:
    """Let these be all commands of other packages, and let there be no protocols."""
    found = [EntryPoint(name, path, COMMANDS) for name, path in points.items()]
    monkeypatch.setattr(
        extensions, 'entry_points', lambda group: found if group == COMMANDS else ()
    )


@pytest.mark.parametrize('command', commands().values(), ids=lambda item: item.name)
def test_its_line_is_the_first_paragraph_of_its_class(command: Extension) -> None:
    loaded = command.load()
    assert callable(getattr(loaded, 'run', None))
    paragraph = (inspect.getdoc(loaded) or '').split('\n\n')[0]
    assert summary(command) == ' '.join(paragraph.split())


def test_a_command_of_another_package_is_found_by_its_entry_point(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    others = {'tool': f'{BENCH}.cli:Tool', 'tool.all': 'elsewhere:All'}
    only(monkeypatch, **others)
    command, count = chosen(['tool', '--all'])
    assert (command.path, command.extra, count) == (others['tool'], 'bench', 1)
    command, count = chosen(['tool', 'all', '--help'])
    assert (command.path, command.extra, count) == (others['tool.all'], '', 2)


def test_a_command_of_this_package_is_found_first(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, train='elsewhere:Train')
    assert chosen(['train'])[0].path == commands()['train'].path == OWN['train']


@pytest.mark.parametrize('words', [['benchmark', 'latency'], ['benchmark', 'real', '--help']])
def test_a_command_of_a_package_that_is_missing_names_the_extra(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch)
    assert run(words) == 2
    error = capsys.readouterr().err
    assert 'lstm_dynamics_bench, which is not installed' in error
    assert HINT in error


def test_a_command_that_cannot_be_loaded_names_the_library_and_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, benchmark=f'{BENCH}.not_a_module:Benchmark')
    assert summary(commands()['benchmark']) == '(not installed)'
    assert run(['benchmark', 'latency']) == 2
    assert HINT in capsys.readouterr().err


@dataclass
class Starved:
    """A command that needs a library."""

    def run(self) -> int:
        raise ModuleNotFoundError("No module named 'mujoco'", name='mujoco')


def test_a_library_that_is_missing_while_it_runs_is_named_with_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, benchmark=f'{BENCH}.cli:Starved')
    monkeypatch.setattr(Extension, 'load', lambda self: Starved)  # noqa: ARG005
    assert run(['benchmark']) == 2
    error = capsys.readouterr().err
    assert 'needs mujoco' in error
    assert HINT in error


def test_an_unknown_command_is_refused_with_the_known_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, bench='x:X')
    with pytest.raises(UnknownNameError, match=r"bench, convert.*Did you mean 'replay'"):
        chosen(['repaly'])
    with pytest.raises(MissingLibraryError):
        chosen(['benchmark'])


def test_a_published_protocol_without_the_second_package_names_the_extra(
    make_model: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    only(monkeypatch)
    model = make_model(tmp_path / 'model.onnx')
    assert run(['evaluate', str(model), str(tmp_path), '--protocol', 'emps']) == 2
    assert HINT in capsys.readouterr().err


def test_an_unknown_protocol_is_refused_with_the_known_ones(
    make_model: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model(tmp_path / 'model.onnx')
    assert run(['evaluate', str(model), str(tmp_path), '--protocol', 'kuka_lvr']) == 2
    assert "Did you mean 'kuka_lwr'?" in capsys.readouterr().err
