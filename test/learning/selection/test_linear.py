# SPDX-License-Identifier: Apache-2.0
"""Cross-validation of linear models against a refit without each fold."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.data.motion_folds import motion_folds
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.selection.linear import linear_score
import numpy as np
import pytest

Make = Callable[..., Segment]

DT = 0.01

SMALL: dict[str, Any] = {
    'dt': DT,
    'cell': 'none',
    'head_size': 0,
    'hidden_size': 1,
    'burn_in_steps': 20,
    'window_steps': 50,
    'ripple_limit': 0,
}


def pendulums(make_segment: Make, noise: float, count: int = 4) -> list[Segment]:
    """Return swings about growing angles, whose effort is that of gravity and viscosity."""
    random = np.random.default_rng(0)
    runs = []
    for k in range(count):
        t = np.arange(500) * DT
        q = 0.3 * k + 0.5 * np.sin((2 + 0.3 * k) * t)
        v = 0.5 * (2 + 0.3 * k) * np.cos((2 + 0.3 * k) * t)
        effort = 3 * np.sin(q) + 0.4 * v + noise * random.normal(size=len(t))
        runs.append(make_segment(q[:, None], v[:, None], effort[:, None], name=f'r{k}', dt=DT))
    return runs


def test_scores_are_those_of_a_refit_without_each_fold(make_segment: Make) -> None:
    runs = pendulums(make_segment, 0.3)
    folds = motion_folds(runs, 4, washout_steps=20, window_steps=100)
    settings = InverseSettings(position_features='sin_cos', history_steps=1, **SMALL)
    found = linear_score(settings, folds)

    def seen(segments: list[Segment]) -> tuple[Any, Any]:
        q, v, effort = (
            np.vstack([getattr(s, kind) for s in segments])
            for kind in ('position', 'velocity', 'effort')
        )
        return np.hstack([v, np.sin(q), np.cos(q), np.ones_like(q)]), effort

    _, every = seen(runs)
    expected = []
    for fold in folds:
        x, y = seen(fold.learn_from)
        weights, *_ = np.linalg.lstsq(x, y, rcond=None)
        x, y = seen(fold.held_out)
        expected.append(float(np.mean((y - x @ weights) ** 2) / every.var()))
    np.testing.assert_allclose(found.folds, expected, rtol=0.02)
    assert found.score == pytest.approx(np.exp(np.mean(np.log(expected))), rel=0.02)


def test_a_strong_regularisation_is_taken_where_noise_is_all_there_is(make_segment: Make) -> None:
    random = np.random.default_rng(1)
    runs = [
        make_segment(
            random.normal(size=(60, 1)), random.normal(size=(60, 1)), random.normal(size=(60, 1)),
            name=f'r{k}', dt=DT,
        )
        for k in range(4)
    ]  # fmt: skip
    folds = motion_folds(runs, 4, washout_steps=20, window_steps=50)
    settings = InverseSettings(position_features='sin_cos', history_steps=10, **SMALL)
    assert linear_score(settings, folds).settings.ridge >= 100


def test_raw_angles_are_worse_on_motions_beyond_the_range(make_segment: Make) -> None:
    folds = motion_folds(pendulums(make_segment, 0.01, 6), 4, washout_steps=20, window_steps=100)
    scores = {
        how: linear_score(
            InverseSettings(position_features=how, history_steps=5, **SMALL), folds
        ).score
        for how in ('none', 'sin_cos')
    }
    assert scores['sin_cos'] < 0.1 * scores['none']


def test_a_forward_model_is_judged_in_free_run(oscillators: list[Segment]) -> None:
    folds = motion_folds(oscillators, 4, washout_steps=20, window_steps=100)
    settings = ForwardSettings(rollout_steps=50, history_steps=2, **SMALL)
    exact = linear_score(settings, folds).score
    blind = linear_score(
        ForwardSettings(rollout_steps=50, history_steps=1, position_features='none', **SMALL),
        folds,
    ).score
    assert exact < 1e-6 < blind
