# SPDX-License-Identifier: Apache-2.0
"""Inverse models and their baselines."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, DataError, TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import RidgeInverse
from lstm_dynamics_ros.evaluation.scores.inverse import (
    motion_cutoff,
    predict_effort,
    score_inverse,
    smoothed_segment,
)
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
        predicted, state = equations.step(row[None], state)
        expected.append(predicted[0])
    assert_allclose(predict_effort(inverse_model, run), expected, rtol=1e-4, atol=1e-5)


def test_a_missing_row_gives_nan_and_a_fresh_start(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    position = oscillators[0].position.copy()
    position[20] = np.nan
    predicted = predict_effort(inverse_model, replace(oscillators[0], position=position))
    assert np.isnan(predicted[20]).all()
    fresh = predict_effort(inverse_model, oscillators[0].rows(21, 40))
    assert_allclose(predicted[21:40], fresh, rtol=1e-6)


def test_figures_are_pooled_and_by_hand(
    inverse_model: LoadedModel, oscillators: list[Segment]
) -> None:
    runs = oscillators[:2]
    result = score_inverse(inverse_model, runs)
    predicted = np.concatenate([predict_effort(inverse_model, run)[20:] for run in runs])
    target = np.concatenate([run.effort[20:] for run in runs])
    errors = ((predicted - target) ** 2).mean(axis=0)
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
    ridge = RidgeInverse.fit([run], orders=(20,), strengths=(1e-6,))
    assert_allclose(ridge.predict(run)[20:], run.effort[20:], atol=1e-3)


def test_a_ridge_without_effort_is_refused(make_segment: Callable[..., Segment]) -> None:
    rows = np.zeros((100, 2))
    with pytest.raises(DataError, match='needs rows with position, velocity and effort'):
        RidgeInverse.fit([make_segment(rows, rows, np.full_like(rows, np.nan))])


def test_a_residual_model_needs_its_prior(
    load: Callable[..., LoadedModel], oscillators: list[Segment]
) -> None:
    loaded = load(
        kind='residual_inverse',
        dt=0.01,
        physics_prior={'source': 'arm.urdf', 'sha256': '0' * 64},
    )
    with pytest.raises(ConfigError, match=r'rigid-body prior .*arm\.urdf'):
        predict_effort(loaded, oscillators[0])
    bare = predict_effort(loaded, oscillators[0], prior=lambda s: np.zeros_like(s.effort))
    predicted = predict_effort(loaded, oscillators[0], prior=lambda s: np.full_like(s.effort, 2.0))
    assert_allclose(predicted, bare + 2.0)


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


TIME = 0.01 * np.arange(400)[:, None]
RATES = np.array([2.0, 3.0])


@pytest.fixture(scope='module')
def accelerated(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> LoadedModel:
    """An inverse model that is asked about accelerations, cut-off 20 Hz."""
    path = tmp_path_factory.mktemp('m') / 'accelerated.onnx'
    provenance = {'acceleration': 'second difference of positions, some filter, 20.0 Hz'}
    return load_model(make_model(path, dt=0.01, kind='accelerated', provenance=provenance))


@pytest.fixture
def wave(make_segment: Callable[..., Segment]) -> Segment:
    """A wave in position only: neither velocity nor effort was measured."""
    absent = np.full((len(TIME), 2), np.nan)
    return make_segment(np.sin(RATES * TIME), absent, absent, dt=0.01)


def test_motion_is_that_of_the_positions(accelerated: LoadedModel, wave: Segment) -> None:
    made = smoothed_segment(wave, accelerated.card)
    inner = slice(30, -30)
    assert_allclose(made.position[inner], np.sin(RATES * TIME)[inner], atol=1e-3)
    assert_allclose(made.velocity[inner], (RATES * np.cos(RATES * TIME))[inner], atol=5e-3)
    assert_allclose(
        made.acceleration[inner], (-(RATES**2) * np.sin(RATES * TIME))[inner], atol=2e-2
    )


def test_a_model_with_accelerations_is_scored_from_positions_alone(
    accelerated: LoadedModel, wave: Segment
) -> None:
    predicted = predict_effort(accelerated, wave)
    assert np.isfinite(predicted).all()
    made = smoothed_segment(wave, accelerated.card)
    linear = 5.0 * made.position + 0.5 * made.velocity + 0.2 * made.acceleration
    # What the recurrent part adds is bounded by the sum of its head's weights.
    assert np.corrcoef(predicted[:, 0], linear[:, 0])[0, 1] > 0.7


def test_a_missing_position_is_not_smeared_over_its_neighbours(
    accelerated: LoadedModel, wave: Segment
) -> None:
    position = wave.position.copy()
    position[200] = np.nan
    predicted = predict_effort(accelerated, replace(wave, position=position))
    assert np.flatnonzero(np.isnan(predicted).any(axis=1)).tolist() == [200]


def test_a_stretch_shorter_than_the_filter_is_refused(
    accelerated: LoadedModel, wave: Segment
) -> None:
    with pytest.raises(TooShortError):
        smoothed_segment(wave.rows(0, 9), accelerated.card)


def test_a_card_without_its_filter_is_refused(accelerated: LoadedModel) -> None:
    assert motion_cutoff(accelerated.card) == 20.0
    with pytest.raises(ConfigError, match='does not say through which low-pass'):
        motion_cutoff(replace(accelerated.card, provenance={}))


def test_a_model_with_its_disturbance_as_input_is_scored_as_it_runs(
    load: Callable[..., LoadedModel], wave: Segment
) -> None:
    loaded = load(dt=0.01, kind='motion')
    with pytest.raises(ConfigError, match='benchmark tracking'):
        predict_effort(loaded, wave, prior=lambda segment: segment.position)
