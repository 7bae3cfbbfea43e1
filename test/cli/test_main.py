# SPDX-License-Identifier: Apache-2.0
"""Tests for main.py."""

from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import sys

from lstm_dynamics_ros.cli.commands import commands, summary
from lstm_dynamics_ros.cli.main import run
import pytest


def one_line(text: str) -> str:
    lines = text.strip().splitlines()
    assert len(lines) == 1, text
    return lines[0]


def test_a_truncated_model_is_refused_in_one_line(
    make_model: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model(tmp_path / 'model.onnx')
    model.write_bytes(model.read_bytes()[:-100])
    assert run(['inspect', str(model)]) == 2
    assert 'failed the format check' in one_line(capsys.readouterr().err)


def test_a_tampered_model_is_refused_in_one_line(
    make_model: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model(tmp_path / 'model.onnx')
    data = bytearray(model.read_bytes())
    data[len(data) // 3] ^= 1
    model.write_bytes(bytes(data))
    assert run(['inspect', str(model)]) == 2
    assert ' check: ' in one_line(capsys.readouterr().err)


def test_a_file_that_is_no_model_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = tmp_path / 'model.onnx'
    model.write_text('not a model')
    assert run(['inspect', str(model)]) == 2
    assert 'failed the format check' in one_line(capsys.readouterr().err)


def test_a_missing_bag_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(['inspect', str(tmp_path / 'no_bag')]) == 2
    assert 'no_bag' in one_line(capsys.readouterr().err)


def test_ctrl_c_is_a_clean_exit(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(self: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr('lstm_dynamics_ros.cli.inspect.Inspect.run', interrupted)
    assert run(['inspect', 'anything']) == 130
    assert one_line(capsys.readouterr().err) == 'Stopped.'


@pytest.mark.parametrize('words', ['--help', 'inspect {model}'])
def test_a_reader_that_leaves_ends_it_quietly(
    make_model: Callable[..., Path], tmp_path: Path, words: str
) -> None:
    model = make_model(tmp_path / 'model.onnx')
    command = [sys.executable, '-m', 'lstm_dynamics_ros.cli.main']
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [*command, *words.format(model=model).split()],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, '')


@pytest.mark.parametrize('words', [name.split('.') for name in commands()])
def test_every_command_explains_itself(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        run([*words, '--help'])
    assert stopped.value.code == 0
    assert f'lstm-dynamics {" ".join(words)}' in capsys.readouterr().out


def test_the_list_of_commands_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(['--help']) == 0
    shown = ' '.join(capsys.readouterr().out.split())
    for name, command in commands().items():
        assert f'{name.replace(".", " ")} {summary(command)}' in shown


def test_without_a_command_the_list_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert 'commands:' in capsys.readouterr().err


def test_an_unknown_command_is_answered_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(['trian', 'bags']) == 2
    assert "Did you mean 'train'?" in one_line(capsys.readouterr().err)


HEAVY = ('torch', 'onnx', 'scipy', 'matplotlib', 'mujoco', 'pinocchio', 'rclpy')
"""Libraries that take long to load, or need not be there."""


@pytest.mark.parametrize('words', [[], *(name.split('.') for name in commands())], ids=str)
def test_help_loads_no_heavy_library(words: list[str]) -> None:
    code = (
        'import sys\nfrom lstm_dynamics_ros.cli.main import run\n'
        f'try:\n    run([*{words!r}, "--help"])\nexcept SystemExit:\n    pass\n'
        'print(*sys.modules, file=sys.stderr)'
    )
    shown = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert not set(HEAVY) & set(shown.stderr.split())


def test_a_missing_library_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def needs_torch(self: object) -> int:
        raise ModuleNotFoundError(name='torch.nn')

    monkeypatch.setattr('lstm_dynamics_ros.cli.inspect.Inspect.run', needs_torch)
    assert run(['inspect', 'anything']) == 2
    output = one_line(capsys.readouterr().err)
    assert 'needs torch, which is not installed' in output
    assert "pip install 'lstm_dynamics_ros[train]'" in output
