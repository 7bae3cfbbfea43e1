# SPDX-License-Identifier: Apache-2.0
"""Bounds from pooled scores, and what new trajectories add to them."""

from lstm_dynamics_ros.learning.export.bounds import (
    growth,
    novelty_weights,
    pooled_quantile,
    widening,
)
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


NAMES = [f'run{k // 8}' for k in range(48)]
"""Six trajectories of eight blocks."""


def signs(seed: int, sign: int = 0) -> torch.Tensor:
    """Return how unusual moments are, from a third to four times usual, shape (100, 48, 2, 2).

    Novelty drifts within a trajectory, and differs between them. Features lie outside of their
    ranges in one moment of two.
    """
    random = torch.Generator().manual_seed(seed)
    level = torch.rand(1, 6, 1, generator=random).repeat_interleave(8, 1)
    score = 3.0 ** (1.3 * (level + torch.rand(100, 48, 2, generator=random)) - 1.0)
    found = torch.zeros(100, 48, 2, 2)
    found[:, :, sign] = (score.square() - 1).clamp_min(0 if sign else -1)
    return found


def errors(excess: torch.Tensor, weights: tuple[float, float], seed: int) -> torch.Tensor:
    """Return normal errors whose variance grows with both signs of novelty as weights say."""
    scale = (1 + weights[0] * excess[..., 0, :] + weights[1] * excess[..., 1, :]).sqrt()
    random = torch.Generator().manual_seed(seed)
    return scale * torch.tensor([1e-4, 50.0]) * torch.randn(scale.shape, generator=random).abs()


@pytest.mark.parametrize(('sign', 'weights'), [(0, (0.97, 0.0)), (0, (0.5, 0.0)), (1, (0.0, 1.0))])
def test_bounds_that_follow_novelty_hold_at_every_level_of_it(
    sign: int, weights: tuple[float, float]
) -> None:
    known = signs(0, sign)
    made_of = errors(known, weights, 1)
    found = novelty_weights(made_of, known, NAMES, 0.1)
    half = pooled_quantile(made_of / growth(known, found), 0.1)
    assert half is not None
    new = signs(2, sign)
    bounds = half * growth(new, found)
    inside = (errors(new, weights, 3) <= bounds).float()
    level = new[..., sign, :]
    for joint in range(2):
        order = level[..., joint].flatten().argsort()
        coverage = [float(p.mean()) for p in inside[..., joint].flatten()[order].chunk(8)]
        assert min(coverage) > 0.85
        assert max(coverage) < 0.96
    # As wide at high and low novelty as the errors are.
    high, low = float(level.max()), float(level.min())
    ratio = float(bounds[..., 0].max() / bounds[..., 0].min())
    weight = weights[sign]
    assert ratio == pytest.approx(((1 + weight * high) / (1 + weight * low)) ** 0.5, rel=0.25)


def test_errors_that_do_not_depend_on_novelty_give_bounds_that_do_not() -> None:
    excess = signs(0)
    assert novelty_weights(errors(excess, (0.0, 0.0), 1), excess, NAMES, 0.1) == (0.0, 0.0)


def test_a_single_trajectory_does_not_tell_what_novelty_means() -> None:
    excess = signs(0)
    known = errors(excess, (0.97, 0.0), 1)
    assert novelty_weights(known, excess, ['run'] * 48, 0.1) == (0.0, 0.0)


def test_a_joint_that_never_errs_has_no_say() -> None:
    excess = signs(0)
    known = errors(excess, (0.97, 0.0), 1)
    known[..., 0] = 0.0
    assert novelty_weights(known, excess, NAMES, 0.1)[0] >= 0.7
