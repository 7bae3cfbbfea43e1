# SPDX-License-Identifier: Apache-2.0
"""Tests for models.py: what cannot be made is refused before anything is recorded."""

from pathlib import Path

from lstm_dynamics_ros.cli.main import run
import pytest


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ('pendulum --kinds foo', "Unknown kind of model 'foo'. Known: forward, residual."),
        ('pendulum --kinds', 'one of the kinds forward, residual, got'),
        ('pet', "Unknown robot 'pet'. Known: arm, pendulum."),
        ('pendulum --runs -1', '--runs must be at least 1'),
    ],
)
def test_what_does_not_exist_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: str, message: str
) -> None:
    folders = ['--out', str(tmp_path / 'models'), '--folder', str(tmp_path / 'runs')]
    assert run(['models', *arguments.split(), *folders]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count('\n') == 1
    assert not list(tmp_path.iterdir())
