# SPDX-License-Identifier: Apache-2.0
"""Tests of errors on whole trajectories."""

from dataclasses import replace

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.losses import Scale
from lstm_dynamics_ros.learning.training.validation import errors_on, reference_errors, score
import numpy as np
import pytest
import torch

SETTINGS = ForwardSettings(
    hidden_size=4, history_steps=4, burn_in_steps=20, window_steps=20, rollout_steps=10
)


def still_model() -> DynamicsModel:
    """Return a model that predicts no change."""
    model = DynamicsModel(SETTINGS, ('revolute', 'revolute'))
    torch.nn.init.zeros_(model.linear.weight)
    torch.nn.init.zeros_(model.linear.bias)
    return model


def test_errors_of_standing_still_are_those_of_the_data(runs: list[Segment]) -> None:
    used = [columns(run, SETTINGS) for run in runs[:2]]
    got = errors_on(still_model(), used, SETTINGS, per_run=5, persistence=True)
    for i, run in enumerate(used):
        rows = run.observations.double().numpy()
        starts = np.linspace(0, len(rows) - 30, 5).astype(int) + 19
        for k in (1, 10):
            expected = ((rows[starts + k] - rows[starts]) ** 2).mean(0)
            np.testing.assert_allclose(got.free[i, 0, k - 1].numpy(), expected, rtol=1e-3)
            np.testing.assert_allclose(got.free[i, 1, k - 1].numpy(), expected, rtol=1e-3)


def test_a_model_that_predicts_no_change_is_persistence(runs: list[Segment]) -> None:
    used = [columns(run, SETTINGS) for run in runs[:2]]
    model = still_model()
    still = errors_on(model, used, SETTINGS, persistence=True)
    own = errors_on(model, used, SETTINGS)
    # In the causal mode it feeds back its own effort, so all stands still.
    torch.testing.assert_close(own.free[:, 1], still.free[:, 1], rtol=1e-4, atol=1e-9)


def test_a_trajectory_too_short_gets_the_mean_of_the_others(runs: list[Segment]) -> None:
    used = [columns(run, SETTINGS) for run in (runs[0], runs[1], runs[2].rows(0, 25))]
    got = errors_on(still_model(), used, SETTINGS)
    torch.testing.assert_close(got.free[2], got.free[:2].mean(0))


def test_only_short_trajectories_are_refused(runs: list[Segment]) -> None:
    with pytest.raises(TooShortError, match=r'is 0\.10 s, but one window needs 0\.15 s'):
        errors_on(still_model(), [columns(runs[0].rows(0, 20), SETTINGS)], SETTINGS)


def test_the_reference_is_never_worse_than_standing_still(runs: list[Segment]) -> None:
    used = [columns(run, SETTINGS) for run in runs[:2]]
    wild = still_model()
    torch.nn.init.constant_(wild.linear.bias, 1e20)
    reference = reference_errors(wild, used, SETTINGS)
    still = errors_on(wild, used, SETTINGS, persistence=True).mixed()
    torch.testing.assert_close(reference.free, still.free)


def test_half_the_error_is_half_the_score() -> None:
    reference = Scale(torch.rand(3, 6) + 0.1, torch.rand(3, 2, 10, 6) + 0.1)
    half = Scale(reference.one_step / 2, reference.free / 2)
    assert score(half, reference, SETTINGS, 2) == pytest.approx(0.5, rel=1e-5)


def test_effort_does_not_count_in_the_score_of_a_forward_model() -> None:
    reference = Scale(torch.ones(3, 6), torch.ones(3, 2, 10, 6))
    worse = reference.free.clone()
    worse[..., 4:] *= 100
    assert score(Scale(reference.one_step, worse), reference, SETTINGS, 2) == pytest.approx(1.0)


def test_the_score_of_an_inverse_model_is_the_mean_over_joints() -> None:
    settings = InverseSettings()
    reference = Scale(torch.ones(2, 2), torch.ones(2, 2, 0, 2))
    errors = Scale(torch.tensor([[0.2, 0.4], [0.6, 0.8]]), reference.free)
    assert score(errors, reference, settings, 2) == pytest.approx(0.5)


def test_a_model_without_effort_of_its_own_holds_the_last_one_if_asked(
    runs: list[Segment],
) -> None:
    settings = replace(SETTINGS, predict_effort=False, history_steps=1, ripple_limit=0)
    model = DynamicsModel(settings, ('revolute', 'revolute'))
    with torch.no_grad():  # the change of each velocity is the effort of its joint
        for part in (model.linear, model.output):
            torch.nn.init.zeros_(part.weight)
            torch.nn.init.zeros_(part.bias)
        for joint in range(2):
            model.linear.weight[2 + joint, 4 + joint] = 1.0
    used = [columns(runs[0], settings)]
    held = errors_on(model, used, settings, per_run=3, hold_effort=True)
    rows = used[0].observations.double().numpy()
    starts = np.linspace(0, len(rows) - 30, 3).astype(int) + 19
    effort, velocity = rows[:, 4:], rows[:, 2:4]
    for k in (1, 2, 10):
        known = velocity[starts] + sum(effort[starts + i] for i in range(k))
        causal = velocity[starts] + k * effort[starts]
        for mode, value in enumerate((known, causal)):
            expected = ((value - velocity[starts + k]) ** 2).mean(0)
            np.testing.assert_allclose(held.free[0, mode, k - 1, 2:].numpy(), expected, rtol=1e-3)
    both = errors_on(model, used, settings, per_run=3)
    torch.testing.assert_close(both.free[:, 0], both.free[:, 1])
