# SPDX-License-Identifier: Apache-2.0
"""Tests of the training benchmark."""

from lstm_dynamics_ros.training.benchmark import benchmark_training
from lstm_dynamics_ros.training.settings import TrainingSettings
import pytest


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_the_pair_is_timed_on_the_same_batches(cell: str) -> None:
    settings = TrainingSettings(
        cell=cell, hidden_size=16, burn_in_steps=20, window_steps=20, rollout_steps=5, batch_size=4
    )
    calls: list[int] = []
    made = benchmark_training(
        settings, n_joints=2, updates=2, rounds=2, progress=lambda *told: calls.append(told[0])
    )
    assert calls == [0, 1, 2]
    assert 0 < made['bare'] < made['with_free_runs']
    assert made['ratio'] > 0.5
    assert made['window_steps'] == 45
    assert made['unit'] == 's per update'


@pytest.mark.slow
def test_training_is_within_a_third_of_a_bare_loop() -> None:
    made = benchmark_training(updates=4, rounds=5)
    # The promise is 1.3; a shared machine gets some room.
    assert made['ratio'] < 1.5
