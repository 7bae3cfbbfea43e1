# SPDX-License-Identifier: Apache-2.0
"""Tests for explain.py: from a bag and a shipped model to the report."""

import json
from pathlib import Path

from lstm_dynamics_ros.cli.main import run
from lstm_dynamics_ros.data.bags.reader import read_recording
from lstm_dynamics_ros.data.bags.writer import write_bag
import pytest

pytest.importorskip('torch')

MODEL = str(Path(__file__).parents[2] / 'models' / 'pendulum_forward.onnx')


@pytest.fixture(scope='module')
def bags(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp('bags')
    assert run(['simulate', '--robot', 'pendulum', '--duration', '4', '--out', str(folder)]) == 0
    return folder


@pytest.mark.slow
def test_a_bag_and_a_model_become_a_report(
    bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, figures = tmp_path / 'report.html', tmp_path / 'report.json'
    arguments = ['explain', MODEL, str(bags), '--out', str(out), '--json', str(figures)]
    assert run([*arguments, '--moments', '4', '--window', '0.3']) == 0
    assert 'Inside pendulum_forward' in out.read_text()
    assert 'joint1: velocity depends on' in capsys.readouterr().out
    values = json.loads(figures.read_text())
    assert values['joints'] == ['joint1', 'joint2']
    assert values['attribution']['gap'] < 0.05
    assert len(values['nodes'][0]['decay_time']) == 64


def test_a_target_the_model_does_not_have_is_refused(
    bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ['explain', MODEL, str(bags), '--out', str(tmp_path / 'x.html')]
    assert run([*arguments, '--target', 'jerk']) == 2
    assert 'Known: effort, position, velocity' in capsys.readouterr().err
    assert not (tmp_path / 'x.html').exists()


def test_payloads_must_be_one_per_trajectory(
    bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ['explain', MODEL, str(bags), '--out', str(tmp_path / 'x.html')]
    assert run([*arguments, '--payloads', '0', '1']) == 2
    assert 'one mass for each of the 1 trajectories' in capsys.readouterr().err


def test_a_bag_of_another_robot_lists_both_joints(
    bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arm = MODEL.replace('pendulum', 'arm')
    assert run(['explain', arm, str(bags), '--out', str(tmp_path / 'x.html')]) == 2
    output = capsys.readouterr().err
    assert 'joint7' in output
    assert 'joint2' in output
    assert 'Traceback' not in output


def test_a_bag_too_short_says_how_long_it_must_be(
    bags: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = read_recording(next(bags.iterdir()))
    write_bag(whole.rows(0, 300), tmp_path / 'short')
    assert run(['explain', MODEL, str(tmp_path / 'short'), '--out', str(tmp_path / 'x.html')]) == 2
    assert 'looking inside this model needs 0.6' in capsys.readouterr().err
