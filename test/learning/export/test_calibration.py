# SPDX-License-Identifier: Apache-2.0
"""Tests of errors and bands for the card."""

from collections.abc import Callable

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.calibration import BLOCK, calibrate, conformal_quantile
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
import numpy as np
import pytest
import torch

Trained = Callable[[str, str], Checkpoint]


def test_the_quantile_is_the_smallest_that_covers_by_rank() -> None:
    scores = torch.arange(1.0, 20.0).flip(0).unsqueeze(1)
    width = conformal_quantile(scores, 0.1)
    assert width is not None
    assert width.tolist() == [18.0]  # the ceil(20 * 0.9) = 18th smallest of 19


def test_too_few_blocks_give_no_quantile() -> None:
    assert conformal_quantile(torch.rand(8, 2), 0.1) is None
    assert conformal_quantile(torch.rand(9, 2), 0.1) is not None
    assert conformal_quantile(torch.rand(98, 2), 0.01) is None


def test_new_blocks_stay_within_the_band_as_often_as_promised() -> None:
    random = torch.Generator().manual_seed(0)
    covered = []
    for _ in range(400):
        scores = torch.rand(20, 1, generator=random).square()
        width = conformal_quantile(scores[:19], 0.1)
        assert width is not None
        covered.append(float(scores[19]) <= float(width))
    assert np.mean(covered) == pytest.approx(0.9, abs=0.04)


def test_persistence_in_the_card_is_that_of_the_data(runs: list[Segment]) -> None:
    settings = ForwardSettings(hidden_size=4, history_steps=2, rollout_steps=10)
    model = DynamicsModel(settings, runs[0].joint_types)
    torch.nn.init.zeros_(model.linear.weight)
    torch.nn.init.zeros_(model.linear.bias)
    used = [columns(run, settings) for run in runs[:2]]
    made = calibrate([(model, used)], settings, burn_in=30)
    # Blocks of 200 steps with 30 before and 50 after: starts 29, 34, ... of each block.
    squares = []
    for run in runs[:2]:
        first = list(range(0, len(run) - 280 + 1, BLOCK))
        starts = np.concatenate([np.arange(s + 29, s + 230, 5) for s in first])
        squares.append((run.position[starts + 20] - run.position[starts]) ** 2)
    expected = np.sqrt(np.concatenate(squares).mean(0))
    got = made.errors['20']['position']
    np.testing.assert_allclose(got['persistence'], expected, rtol=1e-3)
    # A model that predicts no change is persistence, when it feeds back its own effort too.
    np.testing.assert_allclose(got['model_causal'], expected, rtol=1e-3)


def test_the_card_of_a_forward_model_has_all_horizons(
    checkpoints: Trained, runs: list[Segment]
) -> None:
    made = checkpoints('forward', 'lstm')
    used = [columns(run, made.settings) for run in runs]
    table = calibrate([(made.model(), used)], made.settings, burn_in=40)
    assert list(table.errors) == ['1', '5', '10', '20', '50', '100']
    assert set(table.errors['50']) == {'position', 'velocity', 'effort'}
    for horizon in ('1', '20'):
        entry = table.errors[horizon]['position']
        assert all(m < p for m, p in zip(entry['model'], entry['persistence'], strict=True))
    assert table.blocks == 6 * 5
    assert list(table.conformal) == ['0.1']
    # A band that holds a whole block is wider than the typical error.
    width = table.conformal['0.1']['10']['velocity']
    assert all(w > e for w, e in zip(width, table.errors['10']['velocity']['model'], strict=True))
    assert table.mode == 'causal'


def test_an_inverse_model_has_one_horizon(checkpoints: Trained, runs: list[Segment]) -> None:
    made = checkpoints('inverse', 'lstm')
    used = [columns(run, made.settings) for run in runs[:2]]
    table = calibrate([(made.model(), used)], made.settings, burn_in=40)
    assert list(table.errors) == ['0']
    step = np.concatenate([np.diff(run.effort[39:1040], axis=0) for run in runs[:2]])
    got = table.errors['0']['effort']['persistence']
    np.testing.assert_allclose(got, np.sqrt((step**2).mean(0)), rtol=0.1)


def test_shorter_data_gives_shorter_blocks(checkpoints: Trained, runs: list[Segment]) -> None:
    made = checkpoints('forward', 'lstm')
    used = [columns(run.rows(0, 150), made.settings) for run in runs]
    assert calibrate([(made.model(), used)], made.settings, burn_in=40).blocks == 6


def test_horizons_that_do_not_fit_are_left_out(checkpoints: Trained, runs: list[Segment]) -> None:
    made = checkpoints('forward', 'lstm')
    used = [columns(run.rows(0, 60), made.settings) for run in runs]
    found = calibrate([(made.model(), used)], made.settings, burn_in=45)
    assert set(found.errors) == {'1', '5', '10'}


def test_data_without_a_block_is_refused(checkpoints: Trained, runs: list[Segment]) -> None:
    made = checkpoints('forward', 'lstm')
    used = [columns(run.rows(0, 40), made.settings) for run in runs]
    with pytest.raises(TooShortError, match=r'is 0\.20 s, but one window needs 0\.2'):
        calibrate([(made.model(), used)], made.settings, burn_in=40)
