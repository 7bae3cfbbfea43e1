# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/confidence.py."""

import json

from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.safety.confidence import ShadowScore
import numpy as np
import pytest

PERIOD = 0.005
RNG = np.random.default_rng(0)
WALK = np.cumsum(RNG.normal(size=(2000, 2)), axis=0)


def score(disturbance: Matrix, correction: Matrix, latency: int = 0) -> ShadowScore:
    shadow = ShadowScore(2, PERIOD, latency_steps=latency, window=1e9)
    for d, c in zip(disturbance, correction, strict=True):
        shadow.update(d, c)
    return shadow


def test_a_perfect_correction_explains_everything() -> None:
    np.testing.assert_allclose(score(WALK, WALK).explained, 1.0)


def test_no_correction_explains_nothing() -> None:
    np.testing.assert_allclose(score(WALK, 0 * WALK).explained, 0.0, atol=1e-12)


def test_the_wrong_sign_is_worse_than_nothing() -> None:
    shadow = score(WALK, -WALK)
    np.testing.assert_allclose(shadow.explained, -3.0)
    assert shadow.overall == pytest.approx(-3.0)


def test_what_is_explained_is_one_less_the_squares_that_are_left() -> None:
    correction = WALK * [0.5, 0.9]
    shadow = score(WALK, correction)
    np.testing.assert_allclose(shadow.explained, [0.75, 0.99])
    np.testing.assert_allclose(shadow.disturbance_rms, np.sqrt((WALK**2).mean(axis=0)))
    np.testing.assert_allclose(shadow.left_rms, shadow.disturbance_rms * [0.5, 0.1])


def test_a_correction_is_compared_with_the_time_it_would_act() -> None:
    ahead = np.roll(WALK, -4, axis=0)
    np.testing.assert_allclose(score(WALK[:-4], ahead[:-4], latency=4).explained, 1.0)
    assert score(WALK[:-4], ahead[:-4]).overall < 0.9999


def test_the_past_fades() -> None:
    shadow = ShadowScore(2, PERIOD, window=1.0)
    for d in WALK[:1000]:
        shadow.update(d, -d)
    for d in WALK[1000:]:  # 5 s later exp(-5) of the weight is left
        shadow.update(d, d)
    old, new = (WALK[:1000] ** 2), (WALK[1000:] ** 2)
    weights = np.exp(-PERIOD * np.arange(1000)[::-1])[:, None]
    whole = (weights * old).sum(0) * np.exp(-5.0) + (weights * new).sum(0)
    left = 4.0 * (weights * old).sum(0) * np.exp(-5.0)
    np.testing.assert_allclose(shadow.explained, 1.0 - left / whole, rtol=1e-6)


def test_the_joints_are_weighted_in_the_overall_score() -> None:
    shadow = ShadowScore(2, PERIOD, weights=(1.0 / 100.0, 1.0 / 10.0))
    shadow.update(np.array([10.0, 1.0]), np.array([10.0, 0.0]))
    assert shadow.overall == pytest.approx(0.5)


def test_steps_without_a_correction_or_a_measurement_are_not_scored() -> None:
    shadow = ShadowScore(2, PERIOD)
    shadow.update(np.ones(2), None)
    shadow.update(np.array([1.0, np.nan]), np.ones(2))
    shadow.update(np.ones(2), np.array([1.0, np.inf]))
    assert shadow.time == 0.0
    shadow.update(np.ones(2), np.ones(2))
    assert shadow.time == pytest.approx(PERIOD)


def test_after_a_gap_old_corrections_are_not_compared() -> None:
    shadow = ShadowScore(2, PERIOD, latency_steps=2)
    for _ in range(2):
        shadow.update(np.ones(2), np.ones(2))
    shadow.interrupt()
    for _ in range(2):
        shadow.update(np.ones(2), np.ones(2))
    assert shadow.time == 0.0


def test_the_caller_may_reuse_its_arrays() -> None:
    shadow = ShadowScore(2, PERIOD, latency_steps=1)
    correction = np.ones(2)
    shadow.update(np.ones(2), correction)
    correction[:] = 5.0
    shadow.update(np.ones(2), correction)
    np.testing.assert_allclose(shadow.explained, 1.0)


def test_it_can_be_published_before_the_first_step_and_without_disturbance() -> None:
    shadow = ShadowScore(2, PERIOD)
    nothing = {'a': None, 'b': None}
    assert shadow.as_dict(('a', 'b')) == {
        'time': 0.0,
        'overall': None,
        'explained': nothing,
        'disturbance_rms': nothing,
        'left_rms': nothing,
    }
    shadow.update(np.array([0.0, 2.0]), np.array([0.0, 1.0]))
    written = json.loads(json.dumps(shadow.as_dict(('a', 'b')), allow_nan=False))
    assert written['explained'] == {'a': None, 'b': 0.75}


def test_reset_forgets() -> None:
    shadow = score(WALK, WALK)
    shadow.reset()
    assert shadow.time == 0.0
    assert np.isnan(shadow.overall)


def test_impossible_settings_and_arrays_are_refused() -> None:
    with pytest.raises(ConfigError, match='shadow score'):
        ShadowScore(2, 0.0)
    with pytest.raises(ShapeError, match='Correction'):
        ShadowScore(2, PERIOD).update(np.ones(2), np.ones(3))
