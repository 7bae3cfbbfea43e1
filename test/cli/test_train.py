# SPDX-License-Identifier: Apache-2.0
"""Tests for train.py: the whole way from a simulated bag to a replayed model."""

from dataclasses import replace
import json
from pathlib import Path

from lstm_dynamics_ros.cli.main import run
from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.data.bags.reader import read_recording, topics
from lstm_dynamics_ros.workflows.settings import COMMAND_DEFAULTS, read_settings
import pytest

SMALL = (
    '--hidden-size 8 --history-steps 8 --burn-in-steps 40 --window-steps 40 '
    '--rollout-steps 20 --rollout-start 10 --max-epochs 2 --updates-per-epoch 10 '
    '--ripple-limit 0 --threads 1 --budget 0'
)


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate four runs of the pendulum, train on three; return the folder of all that."""
    folder = tmp_path_factory.mktemp('trained')
    simulated = ['simulate', '--robot', 'pendulum', '--runs', '4', '--duration', '8']
    assert run([*simulated, '--out', str(folder / 'bags')]) == 0
    names = sorted(path.name for path in (folder / 'bags').iterdir())
    model = str(folder / 'model.onnx')
    arguments = [
        'train',
        str(folder / 'bags'),
        '--out',
        model,
        '--leave-out',
        names[-1],
        *SMALL.split(),
    ]
    outputs = ['--folder', str(folder / 'run'), '--json', str(folder / 'train.json')]
    assert run([*arguments, *outputs]) == 0
    return folder


@pytest.mark.slow
def test_the_card_says_what_the_model_was_trained_on(trained: Path) -> None:
    card = json.loads((trained / 'train.json').read_text())['card']
    assert card['model_kind'] == 'forward'
    assert len(card['provenance']['sources']) == 3


@pytest.mark.slow
def test_evaluate_compares_in_both_modes(trained: Path) -> None:
    left_out = sorted((trained / 'bags').iterdir())[-1]
    out = trained / 'evaluate.json'
    arguments = ['evaluate', str(trained / 'model.onnx'), str(left_out), '--json', str(out)]
    assert run([*arguments, '--training-bags', str(trained / 'bags')]) == 0
    figures = json.loads(out.read_text())
    for mode in ('nmse', 'nmse_causal'):
        row = figures[mode]['position']['10']
        assert set(row) == {'model', 'persistence', 'constant_velocity', 'ridge'}
        assert row['model'] < row['persistence']


@pytest.fixture(scope='module')
def replay(trained: Path) -> list[str]:
    """Replay the run that was left out; return the arguments."""
    bag = sorted((trained / 'bags').iterdir())[-1]
    out = trained / 'replay'
    arguments = ['replay', str(bag), '--model', str(trained / 'model.onnx'), '--out', str(out)]
    # Three short runs are too few for bounds of 90 %.
    arguments += ['--bounds-miss-rate', '0.2', '--json', str(out / 'replay.json')]
    assert run(arguments) == 0
    return arguments


@pytest.mark.slow
def test_replay_writes_predictions_and_a_report(trained: Path, replay: list[str]) -> None:
    out = trained / 'replay'
    page = (out / 'report.html').read_text()
    assert 'joint2' in page
    assert 'http://' not in page.replace('http://www.w3.org', '')
    written = {topic.name.strip('/') for topic in topics(out / 'predictions')}
    assert {'predicted_joint_states', 'prediction_bounds', 'prediction_error'} <= written
    assert read_recording(out / 'predictions').joint_names == ('joint1', 'joint2')
    figures = json.loads((out / 'replay.json').read_text())
    assert 0.0 < figures['coverage']['static'] <= 1.0
    assert figures['ood']['members'] == 1
    assert figures['ticks'] == pytest.approx(1600, abs=2)


@pytest.mark.slow
def test_replaying_twice_asks_before_it_replaces(
    replay: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(replay) == 2
    assert '--overwrite' in capsys.readouterr().err


@pytest.mark.slow
def test_a_model_of_other_joints_lists_both(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(['simulate', '--out', str(tmp_path), '--duration', '4', '--robot', 'arm']) == 0
    bag = next(tmp_path.iterdir())
    renamed = ['train', str(bag), '--out', str(tmp_path / 'm.onnx'), '--joints', 'jiont1']
    assert run(renamed) == 2
    output = capsys.readouterr().err
    assert "['jiont1']" in output
    assert 'joint7' in output


def test_a_run_too_short_for_a_window_says_how_long_it_must_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(['simulate', '--out', str(tmp_path), '--duration', '4', '--robot', 'pendulum']) == 0
    bag = next(tmp_path.iterdir())
    asked = ['train', str(bag), '--out', str(tmp_path / 'm.onnx'), '--force', '--budget', '0']
    assert run([*asked, '--burn-in-steps', '700']) == 2
    assert 'one window needs' in capsys.readouterr().err


def test_without_a_step_that_of_the_recordings_is_taken(tmp_path: Path) -> None:
    path = tmp_path / 'settings.yaml'
    path.write_text('hidden_size: 24\n')
    assert read_settings(path, COMMAND_DEFAULTS).dt == 0.0
    path.write_text('dt: 0.02\n')
    assert read_settings(path, COMMAND_DEFAULTS).dt == 0.02


def test_flags_override_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / 'settings.yaml'
    path.write_text('hidden_size: 24\nmax_epochs: 7\n')
    settings = read_settings(path, replace(COMMAND_DEFAULTS, max_epochs=9))
    assert (settings.hidden_size, settings.max_epochs) == (24, 9)


def test_a_typing_error_in_the_settings_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / 'settings.yaml'
    path.write_text('hiden_size: 24\n')
    with pytest.raises(UnknownNameError, match="Did you mean 'hidden_size'"):
        read_settings(path, COMMAND_DEFAULTS)
