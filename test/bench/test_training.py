# SPDX-License-Identifier: Apache-2.0
"""Tests of the training benchmark."""

from lstm_dynamics_bench.training import benchmark_training
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
import pytest


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_the_pair_is_timed_on_the_same_batches(cell: str) -> None:
    settings = ForwardSettings(
        cell=cell, hidden_size=16, burn_in_steps=20, window_steps=20, rollout_steps=5, batch_size=4
    )
    calls: list[int] = []
    made = benchmark_training(
        settings, n_joints=2, updates=2, rounds=2, progress=lambda *step: calls.append(step[0])
    )
    assert calls == [0, 1, 2]
    assert min(made['bare'], made['teacher_forced'], made['with_free_runs']) > 0
    assert made['seed'] == settings.seed
    assert len(made['data_sha256']) == 64
    assert 'torch' in made['versions']
    assert made['window_steps'] == 45
    assert made['unit'] == 's per update'
