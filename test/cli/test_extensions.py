# SPDX-License-Identifier: Apache-2.0
"""Tests for extensions.py: what comes with the second package, and that it may be missing."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from lstm_dynamics_ros.cli import extensions
from lstm_dynamics_ros.cli.main import run
import pytest

HINT = 'Install it with: pip install "lstm_dynamics_ros[bench]"'


def only(monkeypatch: pytest.MonkeyPatch, *entries: EntryPoint) -> None:
    """Let these be all entry points."""

    def chosen(*, group: str, name: str | None = None) -> list[EntryPoint]:
        return [e for e in entries if e.group == group and name in {None, e.name}]

    monkeypatch.setattr(extensions, 'entry_points', chosen)


def command(value: str, name: str = 'benchmark') -> EntryPoint:
    return EntryPoint(name, value, extensions.COMMANDS)


@dataclass
class Starved:
    """A command that needs a library."""

    def run(self) -> int:
        raise ModuleNotFoundError("No module named 'mujoco'", name='mujoco')


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
    only(monkeypatch, command('not_a_module_of_anyone:Benchmark'))
    assert run(['benchmark', 'latency']) == 2
    error = capsys.readouterr().err
    assert 'needs not_a_module_of_anyone' in error
    assert HINT in error


def test_a_library_that_is_missing_while_it_runs_is_named_with_the_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, command(f'{__name__}:Starved'))
    monkeypatch.setattr(EntryPoint, 'load', lambda self: Starved)  # noqa: ARG005
    assert run(['benchmark']) == 2
    error = capsys.readouterr().err
    assert 'needs mujoco' in error
    assert HINT in error


def test_other_commands_do_without_the_second_package(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch, command('not_a_module_of_anyone:Benchmark'))
    with pytest.raises(SystemExit) as stopped:
        run(['simulate', '--help'])
    assert stopped.value.code == 0
    assert 'lstm-dynamics simulate' in capsys.readouterr().out


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
