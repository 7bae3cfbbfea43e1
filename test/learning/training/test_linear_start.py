# SPDX-License-Identifier: Apache-2.0
"""Tests of normalisation, of the linear start model, and of the search for cogging."""

from collections.abc import Callable

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, Trajectory
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.linear_start import floored, prepare, refit_linear
import numpy as np
import pytest
import torch

SETTINGS = ForwardSettings(hidden_size=4, history_steps=6, ripple_limit=0, ridge=1e-3)


def prepared(
    runs: list[Trajectory], types: tuple[str, ...], settings: DynamicsSettings = SETTINGS
) -> tuple[DynamicsModel, list[int]]:
    model = DynamicsModel(settings, types)
    low = prepare(
        model, runs, ridge=settings.ridge, history=settings.history_steps, dt=settings.dt
    )
    return model, low


def test_features_are_centred_and_scaled(runs: list[Segment]) -> None:
    used = [columns(run, SETTINGS) for run in runs]
    model, _ = prepared(used, runs[0].joint_types)
    rows = np.vstack([run.observations.numpy() for run in used]).astype(np.float64)
    np.testing.assert_allclose(model.mean.numpy(), rows.mean(0), rtol=0, atol=1e-5)
    np.testing.assert_allclose(model.inverse_std.numpy(), 1 / rows.std(0), rtol=1e-4)


@torch.no_grad()
def test_a_joint_that_stands_still_gets_the_floor_and_is_reported(
    make_segment: Callable[..., Segment], runs: list[Segment]
) -> None:
    first = runs[0]
    table = np.hstack([first.position, first.velocity, first.effort])
    table[:, [1, 3]] = [0.5, 0.0]
    run = columns(make_segment(table), SETTINGS)
    model, low = prepared([run], ('revolute', 'revolute'))
    assert low == [1, 3]
    assert 1 / float(model.inverse_std[1]) == pytest.approx(0.01 * table[:, 0].std(), rel=1e-3)
    # A move of 1 mrad of that joint stays a small number and a small prediction.
    moved = run.observations[:50].clone()
    moved[:, 1] += 1e-3
    predictions, _ = model.sequence(moved.unsqueeze(1), model.zero_state(1))
    assert float((predictions[:, 0, :4] - moved[:, :4]).abs().max()) < 1.0
    assert float(model.features(moved)[:, 1].abs().max()) < 1.0


def test_the_floor_is_relative_to_the_same_kind_and_never_zero() -> None:
    std = torch.tensor([2.0, 1e-9, 0.0, 0.0])
    torch.testing.assert_close(floored(std, 2), torch.tensor([2.0, 0.02, 1e-4, 1e-4]))


@torch.no_grad()
def test_the_linear_part_finds_the_difference_equation_of_the_data() -> None:
    # x_t+1 = 1.6 x_t - 0.8 x_t-1 + 0.05 u_t, written as a model of position with effort u.
    random = np.random.default_rng(0)
    u = random.normal(size=3000)
    x = np.zeros(3001)
    for t in range(1, 3000):
        x[t + 1] = 1.6 * x[t] - 0.8 * x[t - 1] + 0.05 * u[t]
    x = x[:-1]
    velocity = np.concatenate([[0.0], np.diff(x)])
    table = torch.tensor(np.stack([x, velocity, u], 1), dtype=torch.float32)
    model, _ = prepared([Trajectory('run', table, table)], ('prismatic',))
    predictions, _ = model.sequence(table.unsqueeze(1), model.zero_state(1))
    left = (predictions[10:-1, 0, 0] - table[11:, 0]).numpy()
    assert np.abs(left).max() < 1e-4 * x.std()


def test_the_linear_start_equals_ridge_regression_in_numpy(runs: list[Segment]) -> None:
    settings = InverseSettings(hidden_size=4, history_steps=3, ripple_limit=0, ridge=0.5)
    used = [columns(run, settings) for run in runs[:2]]
    model, _ = prepared(used, runs[0].joint_types, settings)
    stacked, goals = [], []
    for run in used:
        rows = run.observations.double().numpy()
        z = (rows - model.mean.numpy()) * model.inverse_std.numpy()
        assert model.line is not None
        steps = np.diff(rows, axis=0) * model.line.scale.numpy()
        now = np.hstack([z, np.sin(rows[:, :2]), np.cos(rows[:, :2])])[2:]
        stacked.append(np.hstack([now, steps[:-1], steps[1:], np.ones((len(now), 1))]))
        goals.append(
            (run.targets.numpy()[2:] - model.target_mean.numpy()) / model.target_std.numpy()
        )
    x, y = np.vstack(stacked), np.vstack(goals)
    penalty = np.full(x.shape[1], 0.5)
    penalty[-1] = 0.0
    expected = np.linalg.solve(x.T @ x + np.diag(penalty), x.T @ y)
    assert model.line is not None
    got = np.hstack([model.linear.weight.detach().numpy(), model.line.weight.detach().flatten(1)])
    np.testing.assert_allclose(got.T, expected[:-1], rtol=0, atol=2e-3)
    left = (y - x @ expected).std(0)
    np.testing.assert_allclose(model.gain.numpy(), left, rtol=0.02)


def test_data_shorter_than_the_delay_line_is_refused() -> None:
    rows = torch.randn(6, 3)
    with pytest.raises(TooShortError):
        prepared([Trajectory('run', rows, rows)], ('prismatic',))


@torch.no_grad()
def test_with_hardly_any_data_it_is_constant_velocity(runs: list[Segment]) -> None:
    settings = ForwardSettings(hidden_size=4, history_steps=6, ripple_limit=0, ridge=1e12)
    used = [columns(run, settings) for run in runs]
    model, _ = prepared(used, runs[0].joint_types, settings)
    rows = used[0].observations[:50]
    predictions, _ = model.sequence(rows.unsqueeze(1), model.zero_state(1))
    n = len(runs[0].joint_types)
    expected = rows[:, :n] + settings.dt * rows[:, n : 2 * n]
    # The intercept is not penalised: it takes up the mean of what is left.
    difference = predictions[:, 0, :n] - expected
    np.testing.assert_allclose(difference - difference.mean(0), 0, atol=2e-6)


def test_another_regularisation_can_be_tried_on_a_prepared_model(runs: list[Segment]) -> None:
    used = [columns(run, SETTINGS) for run in runs]
    model, _ = prepared(used, runs[0].joint_types)
    first = model.linear.weight.detach().clone()
    refit_linear(model, used, ridge=1e6, history=SETTINGS.history_steps, dt=SETTINGS.dt)
    assert not torch.allclose(model.linear.weight, first)
    refit_linear(model, used, ridge=1e-3, history=SETTINGS.history_steps, dt=SETTINGS.dt)
    torch.testing.assert_close(model.linear.weight, first)


def cogging_run(seed: int, periods: float, size: float) -> Trajectory:
    """Return a damped joint with cogging torque under a multi-sine torque."""
    random = np.random.default_rng(seed)
    dt = 0.005
    t = dt * np.arange(6000)
    rate, phase = random.uniform(0.5, 3.0, 4), random.uniform(0, 6, 4)
    effort = (3.0 * np.sin(rate * t[:, None] + phase)).sum(1)
    q, v = np.zeros(6001), np.zeros(6001)
    for k in range(6000):
        v[k + 1] = v[k] + dt * (effort[k] - 2.0 * v[k] - q[k] + size * np.sin(periods * q[k]))
        q[k + 1] = q[k] + dt * v[k + 1]
    table = np.stack([q[:-1], v[:-1] + 1e-3 * random.normal(size=6000), effort], 1)
    rows = torch.tensor(table, dtype=torch.float32)
    return Trajectory('run', rows, rows)


def found(periods: float, size: float) -> float:
    settings = ForwardSettings(hidden_size=4, history_steps=4, ripple_limit=120)
    model = DynamicsModel(settings, ('revolute',))
    runs = [cogging_run(seed, periods, size) for seed in range(3)]
    prepare(model, runs, ridge=1e-3, history=4, dt=0.005, ripple_limit=120)
    return float(model.ripple[0])


def test_the_number_of_periods_per_turn_is_found() -> None:
    assert found(48, 0.5) == 48.0


def test_nothing_is_found_where_nothing_is() -> None:
    assert found(48, 0.0) == 0.0
