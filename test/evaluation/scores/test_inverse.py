# SPDX-License-Identifier: Apache-2.0
"""Inverse models and their opponents."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, DataError, TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort, score_inverse
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest


def test_effort_agrees_with_the_equations_in_numpy(
    inverse_model: LoadedModel, textbook: Callable[..., Any], oscillators: list[Segment]
) -> None:
    run = oscillators[0].rows(0, 60)
    equations = textbook(kind='inverse', dt=0.01)
    state, expected = equations.zero(1), []
    for row in np.hstack([run.position, run.velocity]):
        told, state = equations.step(row[None], state)
        expected.append(told[0])
    assert_allclose(predict_effort(inverse_model, run), expected, rtol=1e-4, atol=1e-5)


def test_a_missing_row_gives_nan_and_a_fresh_start(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    position = oscillators[0].position.copy()
    position[20] = np.nan
    told = predict_effort(inverse_model, replace(oscillators[0], position=position))
    assert np.isnan(told[20]).all()
    fresh = predict_effort(inverse_model, oscillators[0].rows(21, 40))
    assert_allclose(told[21:40], fresh, rtol=1e-6)


def test_figures_are_pooled_and_by_hand(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    runs = oscillators[:2]
    result = score_inverse(inverse_model, runs)
    told = np.concatenate([predict_effort(inverse_model, run)[20:] for run in runs])
    target = np.concatenate([run.effort[20:] for run in runs])
    errors = ((told - target) ** 2).mean(axis=0)
    assert_allclose(result.figures['model']['rmse'], np.sqrt(errors))
    assert_allclose(result.figures['model']['nmse'], errors / target.var(axis=0))
    assert_allclose(result.figures['mean']['nmse'], 1.0)
    change = np.concatenate([np.diff(run.effort[19:], axis=0) for run in runs])
    assert_allclose(
        result.figures['effort_persistence']['rmse'], np.sqrt((change**2).mean(axis=0))
    )


def test_a_model_that_is_right_scores_zero(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    run = oscillators[0]
    right = replace(run, effort=predict_effort(inverse_model, run))
    assert_allclose(score_inverse(inverse_model, [right]).figures['model']['rmse'], 0.0)


def test_the_ridge_learns_friction_and_gravity(make_segment: Callable[..., Segment]) -> None:
    def run(seed: int) -> Segment:
        t = 0.01 * np.arange(800)[:, None]
        phase = np.random.default_rng(seed).uniform(0, 6, 2)
        q, dq = np.sin(2 * t + phase), 2 * np.cos(2 * t + phase)
        effort = 5 * np.sin(q) + 0.3 * dq + 0.8 * np.tanh(20 * dq)
        return make_segment(q, dq, effort, name=f'run{seed}', dt=0.01)

    ridge = RidgeInverse.fit([run(seed) for seed in range(5)])
    unseen = run(9)
    assert_allclose(ridge.predict(unseen)[20:], unseen.effort[20:], atol=0.01)


def test_a_sliding_joint_enters_as_it_is(make_segment: Callable[..., Segment]) -> None:
    position = np.linspace(0, 30, 500)[:, None]
    run = make_segment(position, effort=2.0 * position, joint_types=('prismatic',))
    assert_allclose(RidgeInverse.fit([run]).predict(run)[20:], run.effort[20:], atol=1e-3)


def test_a_ridge_without_effort_is_refused(make_segment: Callable[..., Segment]) -> None:
    rows = np.zeros((100, 2))
    with pytest.raises(DataError, match='needs rows with position, velocity and effort'):
        RidgeInverse.fit([make_segment(rows, rows, np.full_like(rows, np.nan))])


def test_a_residual_model_needs_its_prior(
    make_model: Callable[..., Path], oscillators: list[Segment], tmp_path: Path
) -> None:
    path = make_model(
        tmp_path / 'm.onnx', kind='residual_inverse', dt=0.01,
        physics_prior={'source': 'arm.urdf', 'sha256': '0' * 64},
    )  # fmt: skip
    loaded = load_model(path)
    with pytest.raises(ConfigError, match=r'rigid-body prior .*arm\.urdf'):
        predict_effort(loaded, oscillators[0])
    bare = predict_effort(loaded, oscillators[0], prior=lambda s: np.zeros_like(s.effort))
    told = predict_effort(loaded, oscillators[0], prior=lambda s: np.full_like(s.effort, 2.0))
    assert_allclose(told, bare + 2.0)


def test_a_forward_model_is_refused(
    forward_model: LoadedModel, oscillators: list[Segment]
) -> None:
    with pytest.raises(ConfigError, match='is a forward model'):
        predict_effort(forward_model, oscillators[0])


def test_too_little_data_says_how_much_is_needed(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    with pytest.raises(TooShortError, match=r'needs 0.21 s'):
        score_inverse(inverse_model, [oscillators[0].rows(0, 15)])
