# SPDX-License-Identifier: Apache-2.0
"""Tests of checkpoints on disk."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import pickle

from lstm_dynamics_ros.core.errors import JointNamesError, TrainingError
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint, write_atomically
import pytest
import torch

Trained = Callable[[str, str], Checkpoint]


def test_what_was_saved_is_loaded(tmp_path: Path, checkpoints: Trained) -> None:
    made = checkpoints('forward', 'lstm')
    made.save(tmp_path / 'a.pt')
    loaded = Checkpoint.load(tmp_path / 'a.pt')
    for name, tensor in made.weights.items():
        torch.testing.assert_close(loaded.weights[name], tensor, rtol=0, atol=0)
    assert replace(loaded, weights={}, history=()) == replace(made, weights={}, history=())


def test_nothing_else_is_left_in_the_folder(tmp_path: Path) -> None:
    write_atomically(tmp_path / 'a.pt', {'format': 1})
    assert [path.name for path in tmp_path.iterdir()] == ['a.pt']


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / 'a.pt', {'format': 1})
    before = (tmp_path / 'a.pt').read_bytes()
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        write_atomically(tmp_path / 'a.pt', {'format': lambda: 0})
    assert (tmp_path / 'a.pt').read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match='There is no checkpoint'):
        Checkpoint.load(tmp_path / 'a.pt')


@pytest.mark.parametrize('data', [b'', b'not a checkpoint', b'PK\x03\x04 half a zip'])
def test_a_damaged_file_is_refused_in_one_line(tmp_path: Path, data: bytes) -> None:
    (tmp_path / 'a.pt').write_bytes(data)
    with pytest.raises(TrainingError, match='is not a readable checkpoint') as caught:
        Checkpoint.load(tmp_path / 'a.pt')
    assert '\n' not in str(caught.value)


def test_a_file_with_code_in_it_is_refused(tmp_path: Path) -> None:
    torch.save({'format': 1, 'settings': pytest.raises}, tmp_path / 'a.pt')
    with pytest.raises(TrainingError, match='is not a readable checkpoint'):
        Checkpoint.load(tmp_path / 'a.pt')


def test_a_file_of_another_program_is_refused(tmp_path: Path) -> None:
    torch.save({'state_dict': {}}, tmp_path / 'a.pt')
    with pytest.raises(TrainingError, match='is not a checkpoint of this version'):
        Checkpoint.load(tmp_path / 'a.pt')


def test_weights_of_another_size_are_refused(checkpoints: Trained) -> None:
    made = checkpoints('forward', 'lstm')
    with pytest.raises(TrainingError, match='The weights do not fit the settings'):
        replace(made, settings=replace(made.settings, hidden_size=5)).model()


def test_fine_tuning_with_another_form_names_the_settings(checkpoints: Trained) -> None:
    made = checkpoints('forward', 'lstm')
    with pytest.raises(TrainingError, match=r'hidden_size \(there 16, here 5\)'):
        made.check_fits(replace(made.settings, hidden_size=5), made.joint_names)


def test_fine_tuning_on_another_robot_is_refused(checkpoints: Trained) -> None:
    made = checkpoints('forward', 'lstm')
    with pytest.raises(JointNamesError):
        made.check_fits(made.settings, ('a', 'b'))
