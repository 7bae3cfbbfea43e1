# SPDX-License-Identifier: Apache-2.0
"""Recordings as inverse models with accelerations see them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.motion_segment import motion_cutoff, motion_segment
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest

TIME = 0.01 * np.arange(400)[:, None]
RATES = np.array([2.0, 3.0])


@pytest.fixture(scope='module')
def accelerated(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> LoadedModel:
    """An inverse model that is asked about accelerations, cut-off 20 Hz."""
    path = tmp_path_factory.mktemp('m') / 'accelerated.onnx'
    told = {'acceleration': 'second difference of positions, some filter, 20.0 Hz'}
    return load_model(make_model(path, dt=0.01, kind='accelerated', provenance=told))


@pytest.fixture
def wave(make_segment: Callable[..., Segment]) -> Segment:
    """A wave in position only: neither velocity nor effort was measured."""
    absent = np.full((len(TIME), 2), np.nan)
    return make_segment(np.sin(RATES * TIME), absent, absent, dt=0.01)


def test_motion_is_that_of_the_positions(accelerated: LoadedModel, wave: Segment) -> None:
    made = motion_segment(wave, accelerated.card)
    inner = slice(30, -30)
    assert_allclose(made.position[inner], np.sin(RATES * TIME)[inner], atol=1e-3)
    assert_allclose(made.velocity[inner], (RATES * np.cos(RATES * TIME))[inner], atol=5e-3)
    assert_allclose(
        made.acceleration[inner], (-(RATES**2) * np.sin(RATES * TIME))[inner], atol=2e-2
    )


def test_a_model_with_accelerations_is_scored_from_positions_alone(
    accelerated: LoadedModel, wave: Segment
) -> None:
    told = predict_effort(accelerated, wave)
    assert np.isfinite(told).all()
    made = motion_segment(wave, accelerated.card)
    linear = 5.0 * made.position + 0.5 * made.velocity + 0.2 * made.acceleration
    # What the recurrent part adds is bounded by the sum of its head's weights.
    assert np.corrcoef(told[:, 0], linear[:, 0])[0, 1] > 0.7


def test_a_missing_position_is_not_smeared_over_its_neighbours(
    accelerated: LoadedModel, wave: Segment
) -> None:
    position = wave.position.copy()
    position[200] = np.nan
    told = predict_effort(accelerated, replace(wave, position=position))
    assert np.flatnonzero(np.isnan(told).any(axis=1)).tolist() == [200]


def test_a_stretch_shorter_than_the_filter_is_refused(
    accelerated: LoadedModel, wave: Segment
) -> None:
    with pytest.raises(TooShortError):
        motion_segment(wave.rows(0, 9), accelerated.card)


def test_a_card_without_its_filter_is_refused(accelerated: LoadedModel) -> None:
    assert motion_cutoff(accelerated.card) == 20.0
    with pytest.raises(ConfigError, match='does not say through which low-pass'):
        motion_cutoff(replace(accelerated.card, provenance={}))


def test_a_model_told_its_disturbance_is_scored_as_it_runs(
    make_model: Callable[..., Path], tmp_path: Path, wave: Segment
) -> None:
    loaded = load_model(make_model(tmp_path / 'm.onnx', dt=0.01, kind='motion'))
    with pytest.raises(ConfigError, match='benchmark tracking'):
        predict_effort(loaded, wave, prior=lambda segment: segment.position)
