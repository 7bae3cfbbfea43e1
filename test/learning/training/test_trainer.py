# SPDX-License-Identifier: Apache-2.0
"""Tests of the training loop: it learns, repeats itself, and survives being killed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from lstm_dynamics_ros.core.errors import JointNamesError, TooShortError, TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint, read
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.learning.training.validation import errors_on
import numpy as np
import pytest
import torch

Small = dict[str, Any]
Trained = Callable[[str, str], Checkpoint]


def same(a: Checkpoint, b: Checkpoint) -> bool:
    return all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)


@pytest.mark.slow
def test_a_forward_model_beats_persistence_and_its_linear_start(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    more = small | {'max_epochs': 12, 'updates_per_epoch': 20, 'batch_size': 16}
    settings = ForwardSettings(**more)
    made = train(runs[:4], runs[4:], settings, folder=tmp_path)
    # On the held-out trajectories the squared error is below 0.85 of the linear model's,
    assert made.best_error < 0.85
    assert made.best_epoch > 0
    # and far below that of standing still.
    used = [columns(run, settings) for run in runs[4:]]
    model = made.model()
    own = errors_on(model, used, settings).free.mean((0, 1))
    still = errors_on(model, used, settings, persistence=True).free.mean((0, 1))
    for k in (1, 10, 20):
        assert (own[k - 1] < 0.3 * still[k - 1]).all(), k


@pytest.mark.parametrize('kind', ['forward', 'inverse'])
@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_every_kind_and_cell_trains(checkpoints: Trained, kind: str, cell: str) -> None:
    made = checkpoints(kind, cell)
    assert len(made.history) >= 1
    assert all(torch.isfinite(tensor).all() for tensor in made.weights.values())
    assert made.best_error <= 1.01


def test_the_same_seed_gives_the_same_weights_to_the_last_bit(
    runs: list[Segment], small: Small, tmp_path: Path, checkpoints: Trained
) -> None:
    torch.rand(7)  # numbers drawn elsewhere do not matter
    again = train(runs[:4], runs[4:], ForwardSettings(**small), folder=tmp_path)
    assert same(again, checkpoints('forward', 'lstm'))


def test_another_seed_gives_other_weights(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    short = small | {'max_epochs': 1}
    folders = [tmp_path / 'a', tmp_path / 'b']
    for seed, folder in enumerate(folders):
        train(runs[:4], runs[4:], ForwardSettings(**short, seed=seed), folder=folder)
    last = [read(folder / 'last.pt')['model'] for folder in folders]
    assert not torch.equal(last[0]['output.weight'], last[1]['output.weight'])


KILLED = """
import os, signal, sys
import numpy as np
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.training.epochs import train

def die(epoch, total, text):
    if epoch == 2:
        os.kill(os.getpid(), signal.SIGKILL)

data = np.load(sys.argv[1])
segments = [
    Segment(name=f'run{i}', joint_names=('joint1', 'joint2'), joint_types=('revolute',) * 2,
            dt=0.005, start_index=0, position=t[:, :2], velocity=t[:, 2:4], effort=t[:, 4:],
            filled=np.zeros(len(t), bool))
    for i, t in enumerate(data['runs'])
]
train(segments[:4], segments[4:], ForwardSettings(**eval(sys.argv[3])), folder=sys.argv[2],
      progress=die)
"""


@pytest.mark.slow
def test_a_killed_training_is_resumed_and_ends_with_the_same_weights(
    runs: list[Segment], small: Small, tmp_path: Path, checkpoints: Trained
) -> None:
    tables = [np.hstack([run.position, run.velocity, run.effort]) for run in runs]
    np.savez(tmp_path / 'runs.npz', runs=tables)
    folder = tmp_path / 'training'
    arguments = [str(tmp_path / 'runs.npz'), str(folder), repr(small)]
    result = subprocess.run([sys.executable, '-c', KILLED, *arguments], check=False, timeout=120)
    assert result.returncode == -signal.SIGKILL
    assert len(read(folder / 'last.pt')['history']) == 3
    epochs: list[int] = []
    resumed = train(
        runs[:4],
        runs[4:],
        ForwardSettings(**small),
        folder=folder,
        progress=lambda *now: epochs.append(now[0]),
    )
    assert epochs == [3]
    whole = checkpoints('forward', 'lstm')
    assert same(resumed, whole)
    assert resumed.history[1:] == whole.history[1:]


def test_a_finished_training_is_not_repeated(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    settings = ForwardSettings(**(small | {'max_epochs': 1}))
    first = train(runs[:4], runs[4:], settings, folder=tmp_path)
    epochs: list[int] = []
    again = train(
        runs[:4],
        runs[4:],
        settings,
        folder=tmp_path,
        progress=lambda *now: epochs.append(now[0]),
    )
    assert epochs == []
    assert same(first, again)


def test_interrupting_keeps_the_last_epoch(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    def interrupt(epoch: int, total: int, text: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(runs[:4], runs[4:], ForwardSettings(**small), folder=tmp_path, progress=interrupt)
    assert len(read(tmp_path / 'last.pt')['history']) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ['best.pt', 'last.pt']


def test_a_folder_with_another_training_is_refused(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    settings = ForwardSettings(**(small | {'max_epochs': 1}))
    train(runs[:4], runs[4:], settings, folder=tmp_path)
    with pytest.raises(TrainingError, match=r'with other settings seed, patience|patience, seed'):
        train(runs[:4], runs[4:], replace(settings, seed=9, patience=3), folder=tmp_path)
    with pytest.raises(TrainingError, match='with other data'):
        train(runs[:3], runs[4:], settings, folder=tmp_path)


def test_fine_tuning_keeps_the_normalisation(
    runs: list[Segment], small: Small, tmp_path: Path, checkpoints: Trained
) -> None:
    start = checkpoints('forward', 'lstm')
    start.save(tmp_path / 'start.pt')
    settings = ForwardSettings(**(small | {'max_epochs': 1, 'learning_rate': 1e-3}))
    tuned = train(
        runs[2:4], runs[4:], settings, folder=tmp_path / 'tuned', init=tmp_path / 'start.pt'
    )
    torch.testing.assert_close(tuned.weights['mean'], start.weights['mean'], rtol=0, atol=0)
    last = read(tmp_path / 'tuned' / 'last.pt')['model']
    assert not torch.equal(last['output.weight'], start.weights['output.weight'])
    assert tuned.data['fine_tuned_from'] == start.data['sha256']
    # Error is now relative to the model it started from.
    assert tuned.history[0]['error'] == pytest.approx(1.0, abs=0.2)


def test_a_loss_that_is_not_finite_stops_with_advice(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    wild = replace(runs[0], name='wild', effort=runs[0].effort.copy())
    settings = ForwardSettings(**(small | {'learning_rate': 1.0, 'gradient_clip': 1e30}))
    broken = train(
        runs[:4],
        runs[4:],
        replace(settings, max_epochs=1, learning_rate=0.0),
        folder=tmp_path / 'a',
    )
    broken.weights['output.bias'].fill_(float('nan'))
    with pytest.raises(TrainingError, match=r'The loss became nan in epoch 1\. The best model'):
        train([wild, *runs[1:4]], runs[4:], settings, folder=tmp_path / 'b', init=broken)
    assert (tmp_path / 'b' / 'best.pt').exists()


def test_training_stops_when_it_no_longer_helps(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    settings = ForwardSettings(
        **(small | {'max_epochs': 10, 'patience': 1, 'learning_rate': 0.0, 'updates_per_epoch': 1})
    )
    train(runs[:4], runs[4:], settings, folder=tmp_path)
    history = read(tmp_path / 'last.pt')['history']
    assert len(history) - 1 == 4  # free runs grow over the first 3 of 10 epochs


def test_progress_is_called_after_each_epoch(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    calls: list[tuple[int, int]] = []
    train(
        runs[:4],
        runs[4:],
        ForwardSettings(**(small | {'max_epochs': 2})),
        folder=tmp_path,
        progress=lambda *now: calls.append(now[:2]),
    )
    assert calls == [(1, 2), (2, 2)]


def test_data_too_short_says_how_long_it_must_be(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    short = [run.rows(0, 99) for run in runs]
    with pytest.raises(TooShortError, match=r'is 0\.4[0-9] s, but one window needs 0\.50 s'):
        train(short[:4], short[4:], ForwardSettings(**small), folder=tmp_path)


def test_validation_on_another_robot_is_refused(
    runs: list[Segment], small: Small, tmp_path: Path
) -> None:
    other = [replace(runs[4], joint_names=('a', 'b'))]
    with pytest.raises(JointNamesError):
        train(runs[:4], other, ForwardSettings(**small), folder=tmp_path)
