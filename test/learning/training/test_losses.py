# SPDX-License-Identifier: Apache-2.0
"""Tests of teacher-forced and free-run errors, against loops over single steps."""

from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.dataset import WindowBatch
from lstm_dynamics_ros.learning.training.losses import (
    column_weights,
    loss_of,
    run_windows,
    Runs,
    Scale,
)
import pytest
import torch
from torch import Tensor

TYPES = ('revolute', 'prismatic')


def model_and_windows(kind: str = 'forward') -> tuple[DynamicsModel, WindowBatch]:
    family = ForwardSettings if kind == 'forward' else InverseSettings
    settings = family(hidden_size=6, history_steps=4)
    model = DynamicsModel(settings, TYPES)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    observations = torch.randn(30, 3, model.n_features)
    targets = observations if kind == 'forward' else torch.randn(30, 3, 2)
    return model, WindowBatch(observations, targets, torch.tensor([0, 1, 1]))


@torch.no_grad()
def test_one_step_errors_are_those_of_the_next_row() -> None:
    model, windows = model_and_windows()
    got = run_windows(model, windows, burn_in=12, horizon=0, starts=()).one_step
    predictions, _ = model.sequence(windows.observations, model.zero_state(3))
    expected = (predictions[12:-1] - windows.targets[13:]) ** 2
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def test_an_inverse_model_is_scored_on_the_same_row() -> None:
    model, windows = model_and_windows('inverse')
    got = run_windows(model, windows, burn_in=12, horizon=0, starts=()).one_step
    predictions, _ = model.sequence(windows.observations, model.zero_state(3))
    expected = (predictions[12:] - windows.targets[12:]) ** 2
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


def by_hand(
    model: DynamicsModel, rows: Tensor, start: int, horizon: int, *, causal: bool
) -> Tensor:
    """Return squared errors of one free run of one window, step by step."""
    state = model.zero_state(1)
    for row in rows[: start + 1]:
        prediction, state = model.step(row.unsqueeze(0), state)
    errors = []
    for k in range(1, horizon + 1):
        truth = rows[start + k].unsqueeze(0)
        errors.append((prediction - truth) ** 2)
        effort = prediction[:, 4:] if causal else truth[:, 4:]
        prediction, state = model.step(torch.cat([prediction[:, :4], effort], 1), state)
    return torch.cat(errors)


@pytest.mark.parametrize('mode', [False, True])
@torch.no_grad()
def test_free_runs_feed_back_motion_and_in_causal_mode_effort(*, mode: bool) -> None:
    model, windows = model_and_windows()
    starts = [12, 17]
    causal = torch.full((6, 1), mode)
    runs = run_windows(model, windows, burn_in=10, horizon=8, starts=starts, causal=causal)
    assert runs.free is not None
    for i, start in enumerate(starts):
        for n in range(3):
            expected = by_hand(model, windows.observations[:, n], start, 8, causal=mode)
            torch.testing.assert_close(runs.free[:, 3 * i + n], expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_modes_may_be_mixed_in_one_batch() -> None:
    model, windows = model_and_windows()
    causal = torch.tensor([[True], [False], [True]])
    runs = run_windows(model, windows, burn_in=10, horizon=5, starts=[20], causal=causal)
    assert runs.free is not None
    for n in range(3):
        expected = by_hand(model, windows.observations[:, n], 20, 5, causal=bool(causal[n]))
        torch.testing.assert_close(runs.free[:, n], expected, rtol=1e-4, atol=1e-5)


def test_a_model_as_good_as_the_reference_has_loss_one() -> None:
    settings = ForwardSettings()
    scale = Scale(torch.rand(4, 6) + 0.1, torch.rand(4, 2, 7, 6) + 0.1)
    of = torch.tensor([2, 0, 3])
    causal = torch.tensor([[True], [False], [True], [False], [False], [True]])
    one_step = scale.one_step[of].expand(9, 3, 6)
    twice = of.repeat(2)
    free = torch.stack([scale.free[twice[s], int(causal[s]), :5] for s in range(6)], 1)
    weights = column_weights(settings, 2)
    loss = loss_of(Runs(one_step, free, causal), of, scale, settings, weights)
    assert float(loss) == pytest.approx(1.0, abs=1e-6)


def test_weights_sum_to_one_and_effort_weighs_less() -> None:
    weights = column_weights(ForwardSettings(effort_weight=0.5), 2)
    assert float(weights.sum()) == pytest.approx(1.0)
    assert float(weights[4]) == pytest.approx(0.5 * float(weights[0]))


def test_effort_weighs_full_where_it_is_all_there_is() -> None:
    weights = column_weights(InverseSettings(), 2)
    torch.testing.assert_close(weights, torch.tensor([0.5, 0.5]))


def test_scales_of_trajectories_are_drawn_towards_each_other() -> None:
    own = Scale(torch.tensor([[1.0], [100.0]]), torch.ones(2, 2, 0, 1))
    mixed = own.mixed(0.5).one_step[:, 0]
    expected = torch.tensor([1.0, 100.0]).sqrt() * 50.5**0.5
    torch.testing.assert_close(mixed, expected)
