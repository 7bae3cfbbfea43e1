# SPDX-License-Identifier: Apache-2.0
"""Tests of one update of the weights."""

from dataclasses import replace
from itertools import pairwise

from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.dataset import WindowBatch
from lstm_dynamics_ros.learning.training.losses import column_weights, Scale
from lstm_dynamics_ros.learning.training.update import (
    free_run_length,
    make_optimizer,
    training_loss,
    update,
)
import pytest
import torch

SETTINGS = ForwardSettings(
    hidden_size=6,
    history_steps=4,
    burn_in_steps=10,
    window_steps=10,
    rollout_steps=8,
    rollouts_per_window=3,
    max_epochs=10,
    updates_per_epoch=10,
    learning_rate=1e-2,
)


def batch() -> tuple[DynamicsModel, WindowBatch, Scale]:
    model = DynamicsModel(SETTINGS, ('revolute',))
    rows = torch.randn(28, 4, 3)
    scale = Scale(torch.ones(2, 3), torch.ones(2, 2, 8, 3))
    return model, WindowBatch(rows, rows, torch.tensor([0, 1, 1, 0])), scale


def loss(model: DynamicsModel, windows: WindowBatch, scale: Scale, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return training_loss(
        model,
        windows,
        scale,
        SETTINGS,
        column_weights(SETTINGS, 1),
        horizon=8,
        generator=generator,
    )


def test_the_same_random_numbers_give_the_same_loss() -> None:
    made = batch()
    assert float(loss(*made).detach()) == float(loss(*made).detach())
    assert float(loss(*made).detach()) != float(loss(*made, seed=1).detach())


def test_updates_lower_the_loss() -> None:
    model, windows, scale = batch()
    optimizer, schedule = make_optimizer(model, SETTINGS)
    first = float(loss(model, windows, scale).detach())
    for _ in range(30):
        update(model, optimizer, loss(model, windows, scale), SETTINGS.gradient_clip)
        schedule.step()
    assert float(loss(model, windows, scale).detach()) < 0.9 * first


def test_the_linear_part_stays_at_the_least_squares_by_default() -> None:
    model, windows, scale = batch()
    before = model.linear.weight.detach().clone()
    optimizer, _ = make_optimizer(model, SETTINGS)
    update(model, optimizer, loss(model, windows, scale), 1.0)
    torch.testing.assert_close(model.linear.weight, before, rtol=0, atol=0)


def test_a_gradient_that_overflowed_changes_nothing() -> None:
    model, windows, scale = batch()
    optimizer, _ = make_optimizer(model, SETTINGS)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    update(model, optimizer, loss(model, windows, scale) * torch.inf, 1.0)
    for parameter, old in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(parameter.detach(), old, rtol=0, atol=0)


def test_the_rate_rises_and_then_falls_to_almost_zero() -> None:
    optimizer, schedule = make_optimizer(batch()[0], SETTINGS)
    rates = []
    for _ in range(100):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates[0] == pytest.approx(1e-2 / 8)
    assert max(rates) == pytest.approx(1e-2)
    assert rates.index(max(rates)) in {7, 8}
    assert rates[-1] < 1e-4
    assert all(a > b for a, b in pairwise(rates[8:]))


def test_free_runs_grow_to_their_full_length() -> None:
    settings = ForwardSettings(rollout_start=10, rollout_steps=50, max_epochs=20)
    lengths = [free_run_length(settings, epoch) for epoch in (0, 3, 6, 19)]
    assert lengths == [10, 30, 50, 50]
    assert free_run_length(InverseSettings(), 5) == 0
    assert free_run_length(ForwardSettings(rollouts_per_window=0), 5) == 0


def test_feedback_noise_disturbs_what_free_runs_feed_back_and_nothing_else() -> None:
    model, windows, scale = batch()
    with torch.no_grad():
        model.linear.weight.fill_(0.3)

    def of(amount: float, horizon: int) -> float:
        settings = replace(SETTINGS, feedback_noise=amount)
        found = training_loss(
            model,
            windows,
            scale,
            settings,
            column_weights(settings, 1),
            horizon=horizon,
            generator=torch.Generator().manual_seed(0),
        )
        return float(found.detach())

    assert of(0.5, 1) == of(0.0, 1)
    assert of(0.5, 8) > of(0.0, 8)
