# SPDX-License-Identifier: Apache-2.0
"""`evaluate --robustness` and `replay --robustness`, on a bag of our own."""

from collections.abc import Callable
import json
from pathlib import Path

from lstm_dynamics_ros.cli.main import run
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

pytest.importorskip('torch', reason='the worst disturbance needs gradients')


@pytest.fixture(scope='module')
def bag(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s of two joints swinging."""
    t = 0.01 * np.arange(300)[:, None]
    position = np.sin(2 * np.pi * np.array([0.5, 0.8]) * t)
    path = tmp_path_factory.mktemp('bags') / 'swing'
    recording = Recording(
        name='swing',
        joint_names=('joint1', 'joint2'),
        joint_types=('revolute', 'revolute'),
        stamp_ns=1_000_000_000 + 10_000_000 * np.arange(300),
        position=position,
        velocity=np.gradient(position, 0.01, axis=0),
        effort=np.cos(position),
    )
    write_bag(recording, path)
    return path


def test_two_models_are_printed_and_written_side_by_side(
    make_model: Callable[..., Path], bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model(tmp_path / 'a.onnx', kind='inverse', dt=0.01, name='a')
    other = make_model(tmp_path / 'b.onnx', kind='inverse', dt=0.01, seed=1, name='b')
    page, figures = tmp_path / 'page.html', tmp_path / 'figures.json'
    arguments = ['evaluate', str(model), str(bag), '--robustness', '--against', str(other)]
    assert run([*arguments, '--report', str(page), '--json', str(figures)]) == 0
    shown = capsys.readouterr().out
    assert 'Robustness of a' in shown
    assert 'Worst disturbance of the last 20 steps' in shown
    found = json.loads(figures.read_text(encoding='utf-8'))['robustness']
    assert found['against']['model']['name'] == 'b'
    assert 'adversarial' in found['curves']
    assert page.read_text(encoding='utf-8').startswith('<!doctype html>')


@pytest.mark.slow
def test_the_report_of_a_replay_has_the_section(
    make_model: Callable[..., Path], bag: Path, tmp_path: Path
) -> None:
    model = make_model(tmp_path / 'a.onnx', dt=0.01)
    out, figures = tmp_path / 'out', tmp_path / 'figures.json'
    arguments = ['replay', str(bag), '--model', str(model), '--out', str(out), '--robustness']
    assert run([*arguments, '--json', str(figures)]) == 0
    assert 'id="robustness"' in (out / 'report.html').read_text(encoding='utf-8')
    assert 'curves' in json.loads(figures.read_text(encoding='utf-8'))['robustness']


def test_a_report_of_a_protocol_without_robustness_is_refused_in_one_line(
    make_model: Callable[..., Path], bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model(tmp_path / 'a.onnx', dt=0.01)
    arguments = ['evaluate', str(model), str(bag), '--protocol', 'baxter_ugr']
    assert run([*arguments, '--report', str(tmp_path / 'page.html')]) == 2
    assert '--robustness only' in capsys.readouterr().err


def test_a_report_without_robustness_says_how_sure_the_model_is(
    make_model: Callable[..., Path], bag: Path, tmp_path: Path
) -> None:
    model, page = make_model(tmp_path / 'a.onnx', dt=0.01), tmp_path / 'page.html'
    assert run(['evaluate', str(model), str(bag), '--report', str(page)]) == 0
    text = page.read_text(encoding='utf-8')
    assert 'id="uncertainty"' in text
    assert 'id="robustness"' not in text


def test_a_model_for_control_is_measured_but_not_scored(
    make_model: Callable[..., Path], bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model(tmp_path / 'a.onnx', kind='motion', dt=0.01, disturbance_bandwidth=20.0)
    assert run(['evaluate', str(model), str(bag)]) == 2
    assert 'benchmark tracking' in capsys.readouterr().err
    assert run(['evaluate', str(model), str(bag), '--robustness']) == 0
    assert 'the reference and is not disturbed' in capsys.readouterr().out
