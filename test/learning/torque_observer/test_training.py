# SPDX-License-Identifier: Apache-2.0
"""From pendulums to a proven file: resumable, and file and trained model the same in free run."""

from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import TooShortError, TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.members import joined, Member, train_members
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest
import torch

SMALL: dict[str, Any] = {
    'hidden_size': 8,
    'burn_in_steps': 40,
    'window_steps': 40,
    'rollout_steps': 60,
    'batch_size': 4,
    'updates_per_epoch': 2,
    'max_epochs': 2,
    'dropout': 0.2,
    'threads': 1,
}
SETTINGS = TorqueObserverSettings(**SMALL)


class _StopError(Exception):
    pass


@pytest.fixture(scope='module')
def members(runs: list[Segment], tmp_path_factory: pytest.TempPathFactory) -> list[Member]:
    folder = tmp_path_factory.mktemp('open_loop')
    settings = TorqueObserverSettings(
        **(
            SMALL
            | {
                'members': 2,
                'mirror_signs': (-1.0, -1.0),
                'observer_passes': 2,
                'updates_per_epoch': 4,
                'max_epochs': 6,
            }
        )
    )
    return train_members([run.rows(0, 600) for run in runs[:4]], settings, folder=folder)


@pytest.fixture(scope='module')
def path(members: list[Member], tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp('open_loop_file') / 'model.onnx'
    export(members, made)
    return made


@pytest.mark.slow
def test_a_training_that_was_stopped_ends_with_the_same_weights(
    runs: list[Segment], tmp_path: Path
) -> None:
    def stop(done: int, total: int, text: str) -> None:
        raise _StopError

    runs = [run.rows(0, 300) for run in runs]
    whole = train(runs[:2], runs[4:5], SETTINGS, folder=tmp_path / 'whole')
    with pytest.raises(_StopError):
        train(runs[:2], runs[4:5], SETTINGS, folder=tmp_path / 'stopped', progress=stop)
    resumed = train(runs[:2], runs[4:5], SETTINGS, folder=tmp_path / 'stopped')
    for name, weight in whole.weights.items():
        assert torch.equal(weight, resumed.weights[name]), name


@pytest.mark.slow
def test_training_lowers_the_error_of_the_filter(members: list[Member]) -> None:
    for member in members:
        assert member.checkpoint.best_error < member.checkpoint.history[0]['error']
    assert all(member.checkpoint.best_error < 1.05 for member in members)
    assert all(name.endswith('mirrored') for name in members[0].checkpoint.data['train'][1::2])


@pytest.mark.slow
def test_the_proof_holds_in_free_run(path: Path) -> None:
    card = load_model(path).card
    proof = card.provenance['proof']
    assert proof['teacher_forced'] <= 1e-5
    assert proof['free_run_apart'] <= max(1e-5, proof['rounding_apart'])
    assert card.members == 2


@pytest.mark.slow
@torch.no_grad()
def test_the_file_runs_freely_as_the_trained_model(
    path: Path, members: list[Member], runs: list[Segment]
) -> None:
    run = runs[5]
    forecast_of = ModelForecaster(load_model(path)).forecast(
        run, np.array([0, 50]), range(1, 101), mode='known_torque'
    )
    model = joined([member.checkpoint for member in members]).exact()
    rows = columns(run, SETTINGS).observations.unsqueeze(1)
    for number, start in enumerate((0, 50)):
        state = model.zero_state(1)
        for row in rows[:start]:
            _, state = model.step(row, state)
        prediction, state = model.step(rows[start], state)
        for k in range(1, 101):
            np.testing.assert_allclose(
                forecast_of['position'][number, k - 1], prediction[0, :2], rtol=0, atol=1e-4
            )
            seen = torch.cat([prediction, rows[start + k][:, 4:]], 1)
            prediction, state = model.step(seen, state)


@pytest.mark.slow
def test_an_identified_filter_follows_a_pendulum_from_its_torque(
    path: Path, runs: list[Segment]
) -> None:
    """A second of torque alone: far better than standing still."""
    run = runs[5]
    forecast_of = ModelForecaster(load_model(path)).forecast(
        run, np.arange(100, 900, 50), [200], mode='known_torque'
    )['position'][:, 0]
    truth = run.position[np.arange(100, 900, 50) + 200]
    still = run.position[np.arange(100, 900, 50)]
    own, standing = (np.abs(guess - truth).mean(0) for guess in (forecast_of, still))
    assert (own < 0.5 * standing).all()


def test_another_training_in_the_folder_is_refused(runs: list[Segment], tmp_path: Path) -> None:
    short = [run.rows(0, 300) for run in runs]
    train(short[:1], short[4:], SETTINGS, folder=tmp_path)
    other = TorqueObserverSettings(**(SMALL | {'dropout': 0.1}))
    with pytest.raises(TrainingError, match='other settings dropout'):
        train(short[:1], short[4:], other, folder=tmp_path)


def test_a_trajectory_without_hidden_rows_is_too_short(
    runs: list[Segment], tmp_path: Path
) -> None:
    with pytest.raises(TooShortError):
        train([runs[0].rows(0, 40)], [runs[1].rows(0, 40)], SETTINGS, folder=tmp_path)
