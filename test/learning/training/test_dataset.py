# SPDX-License-Identifier: Apache-2.0
"""Tests of training windows and their order."""

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.dataset import (
    cut,
    epoch_generator,
    EpochSampler,
    loader,
    WindowDataset,
)
import numpy as np
import pytest
import torch

SETTINGS = ForwardSettings(burn_in_steps=10, window_steps=10, rollout_steps=5)


def windows(runs: list[Segment], settings: TrainingSettings) -> WindowDataset:
    """Return the windows over segments."""
    return WindowDataset([columns(run, settings) for run in runs], settings)


def test_a_window_holds_consecutive_rows_of_one_segment(runs: list[Segment]) -> None:
    dataset = windows(runs, SETTINGS)
    per_run = 1200 - 25 + 1
    assert len(dataset) == 6 * per_run
    batch = dataset[[0, per_run + 7]]
    assert tuple(batch.observations.shape) == (25, 2, 6)
    assert batch.runs.tolist() == [0, 1]
    second = np.hstack([runs[1].position, runs[1].velocity, runs[1].effort])[7:32]
    np.testing.assert_array_equal(batch.observations[:, 1].numpy(), second.astype(np.float32))
    np.testing.assert_array_equal(batch.targets[:, 1].numpy(), second.astype(np.float32))


def test_an_inverse_model_gets_motion_in_and_effort_out(runs: list[Segment]) -> None:
    settings = InverseSettings(burn_in_steps=10, window_steps=10)
    batch = windows(runs, settings)[[3]]
    assert tuple(batch.observations.shape) == (20, 1, 4)
    expected = runs[0].effort[3:23].astype(np.float32)
    np.testing.assert_array_equal(batch.targets[:, 0].numpy(), expected)


def test_windows_cut_by_hand_are_those_of_the_data_set(runs: list[Segment]) -> None:
    expected = windows(runs, SETTINGS)[[5]]
    got = cut([columns(run, SETTINGS) for run in runs], [0], [5], 25)
    torch.testing.assert_close(got.observations, expected.observations, rtol=0, atol=0)


def test_a_run_as_long_as_a_window_holds_one_and_a_shorter_one_none(runs: list[Segment]) -> None:
    dataset = windows([runs[0].rows(0, 24), runs[1].rows(0, 25), runs[2].rows(0, 26)], SETTINGS)
    assert len(dataset) == 3
    assert dataset[[0, 1, 2]].runs.tolist() == [1, 2, 2]


def test_data_too_short_for_a_window_says_how_long_it_must_be(runs: list[Segment]) -> None:
    with pytest.raises(TooShortError, match=r'stretch is 6\.00 s, but one window needs 8\.80 s'):
        windows(runs, ForwardSettings(burn_in_steps=1500, window_steps=210))


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    sampler = EpochSampler(1000, 4, 6, seed=3)
    first = list(sampler)
    assert [len(batch) for batch in first] == [4] * 6
    torch.rand(5)
    assert list(sampler) == first
    sampler.epoch = 1
    assert list(sampler) != first
    assert list(EpochSampler(1000, 4, 6, seed=4)) != first


def test_purposes_draw_different_numbers() -> None:
    a = torch.rand(3, generator=epoch_generator(0, 0, stream=0))
    b = torch.rand(3, generator=epoch_generator(0, 0, stream=1))
    assert not torch.equal(a, b)


def test_the_loader_yields_one_batch_per_update(runs: list[Segment]) -> None:
    dataset = windows(runs, SETTINGS)
    batches = list(loader(dataset, EpochSampler(len(dataset), 4, 3, seed=0)))
    assert [tuple(batch.observations.shape) for batch in batches] == [(25, 4, 6)] * 3
