# SPDX-License-Identifier: Apache-2.0
"""Bounds from pooled scores, and what new trajectories add to them."""

from lstm_dynamics_ros.learning.export.bounds import pooled_quantile, widening
import numpy as np
import pytest
import torch


def test_the_quantile_is_that_of_all_moments_of_all_blocks() -> None:
    scores = torch.arange(1.0, 201.0).reshape(10, 20, 1)
    half = pooled_quantile(scores, 0.1)
    assert half is not None
    assert half.tolist() == [189.0]  # level 0.9 * 21 / 20 = 0.945 of 200


def test_too_few_blocks_give_no_quantile() -> None:
    assert pooled_quantile(torch.rand(50, 8, 2), 0.1) is None
    assert pooled_quantile(torch.rand(50, 9, 2), 0.1) is not None


def test_blocks_of_alike_trajectories_hardly_widen_bounds() -> None:
    scores = torch.rand(100, 60, 3, generator=torch.Generator().manual_seed(0))
    wider = widening(scores, [k // 12 for k in range(60)], 0.1)
    assert 1.0 <= wider < 1.03


def test_the_widened_bounds_of_the_others_hold_for_the_one_left_out() -> None:
    random = torch.Generator().manual_seed(1)
    size = torch.tensor([0.5, 1.0, 1.5, 2.0, 4.0]).repeat_interleave(12)[None, :, None]
    scores = size * torch.randn(200, 60, 2, generator=random).abs()
    groups = [k // 12 for k in range(60)]
    wider = widening(scores, groups, 0.1)
    covered = []
    for group in range(5):
        inside = np.array(groups) == group
        values = scores.numpy().reshape(200, 60, 2)
        others = np.sort(values[:, ~inside].reshape(-1, 2), axis=0)
        rank = int(np.ceil(0.9 * 49 / 48 * len(others))) - 1
        covered.append((values[:, inside] <= wider * others[rank]).mean())
    assert np.mean(covered) == pytest.approx(0.9, abs=1e-3)
    assert wider > 1.1


def test_a_single_group_says_nothing_of_others() -> None:
    assert widening(torch.rand(20, 10, 1), [0] * 10, 0.1) == 1.0


def test_bounds_are_never_made_narrower() -> None:
    scores = torch.cat([torch.full((20, 10, 1), 1.0), torch.full((20, 10, 1), 1.0)], 1)
    assert widening(scores, [0] * 10 + [1] * 10, 0.1) == pytest.approx(1.0)
