# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/confidence.py."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
import json
import math

from hypothesis import given
from hypothesis import strategies as st
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.safety.confidence import (
    band_score,
    Confidence,
    ConfidenceSettings,
    error_band,
    ShadowScore,
    typical_score,
)
import numpy as np
import pytest

DT = 0.005
tight = partial(ConfidenceSettings, full_score=1.2, zero_score=1.7, range_tolerance=0.1)
"""Narrow enough for errors that are 1.5 times the usual."""

AT_ONCE = tight(window=0.0, fall_time=0.0, rise_time=0.0, hysteresis=0.0)


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    """Two joints; position to 3 rad, velocity to 4 rad/s in training."""
    return load().card


def trusted(settings: ConfidenceSettings, typical: float = 1.0) -> Confidence:
    confidence = Confidence(settings, typical)
    for _ in range(1000):
        confidence.update(0.5 * typical, DT)
    assert confidence.value == 1.0
    return confidence


def test_trust_is_earned() -> None:
    confidence = Confidence(tight(rise_time=1.0))
    values = [confidence.update(0.5, DT) for _ in range(200)]
    assert values[0] == pytest.approx(0.005)
    assert values[99] == pytest.approx(0.5)
    assert values[-1] == pytest.approx(1.0)


def test_it_falls_within_the_fall_time_and_rises_within_the_rise_time() -> None:
    settings = tight(window=0.0, fall_time=0.05, rise_time=1.0)
    confidence = trusted(settings)
    fall = [confidence.update(5.0, DT) for _ in range(10)]
    np.testing.assert_allclose(fall, np.linspace(0.9, 0.0, 10), atol=1e-12)
    rise = [confidence.update(0.5, DT) for _ in range(200)]
    assert rise[98] < 0.5 < rise[100]
    assert rise[-1] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ('score', 'share'), [(0.0, 1.0), (1.2, 1.0), (1.325, 0.84375), (1.45, 0.5), (1.7, 0.0)]
)
def test_the_map_is_a_smooth_step(score: float, share: float) -> None:
    assert Confidence(AT_ONCE).update(score, DT) == pytest.approx(share)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=50))
def test_it_is_a_share_whatever_comes(scores: list[float]) -> None:
    confidence = Confidence(tight())
    for score in scores:
        assert 0.0 <= confidence.update(score, DT) <= 1.0


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6))
def test_a_larger_score_never_gives_more(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert Confidence(AT_ONCE).update(low, DT) >= Confidence(AT_ONCE).update(high, DT)


@pytest.mark.parametrize('typical', [0.02, 1.0, 7.0])
def test_it_is_below_one_half_when_errors_are_one_and_a_half_times_the_usual(
    typical: float,
) -> None:
    rng = np.random.default_rng(3)
    errors = np.abs(rng.normal(size=4000))  # of one joint, in any unit
    usual = Confidence(tight())
    scores = []
    for error in errors:
        usual.update(typical * float(error), DT)
        scores.append(usual.score)
    confidence = Confidence(tight(), float(np.median(scores[200:])))
    inside = [confidence.update(typical * float(error), DT) for error in errors]
    beyond = [confidence.update(1.5 * typical * float(error), DT) for error in errors]
    assert np.mean(np.array(inside[400:]) > 0.9) > 0.9
    assert np.mean(np.array(beyond[100:]) < 0.5) > 0.8


def test_a_large_error_is_believed_within_100_ms_in_spite_of_the_average() -> None:
    confidence = trusted(tight())
    values = [confidence.update(4.0, DT) for _ in range(20)]
    assert values[-1] == 0.0


def test_a_single_outlier_is_averaged_away() -> None:
    confidence = trusted(tight())
    assert confidence.update(4.0, DT) == 1.0


def test_one_wild_value_is_forgotten() -> None:
    confidence = trusted(tight())
    confidence.update(1e12, DT)
    for _ in range(600):
        confidence.update(0.5, DT)
    assert confidence.value == 1.0


def test_between_falling_and_rising_it_stays() -> None:
    confidence = trusted(replace(AT_ONCE, hysteresis=0.1))
    falling = confidence.update(1.45, DT)
    assert confidence.update(1.40, DT) == falling == pytest.approx(0.5)
    assert confidence.update(1.25, DT) > falling


def test_leaving_the_training_range_counts_at_once() -> None:
    confidence = trusted(replace(AT_ONCE, window=10.0), typical=100.0)
    assert confidence.update(50.0, DT, overshoot=1.45) == pytest.approx(0.5)
    assert confidence.update(50.0, DT, overshoot=2.0) == 0.0


@pytest.mark.parametrize(('score', 'overshoot'), [(math.nan, 0.0), (0.0, math.nan)])
def test_nan_is_no_confidence_and_leaves_the_average(score: float, overshoot: float) -> None:
    confidence = trusted(AT_ONCE)
    before = confidence.score
    assert confidence.update(score, DT, overshoot=overshoot) == 0.0
    assert confidence.score == before


def test_reset_takes_trust_away() -> None:
    confidence = trusted(tight())
    confidence.reset()
    assert confidence.value == 0.0


def test_settings_that_leave_no_room_are_refused() -> None:
    with pytest.raises(ConfigError, match=r'zero_score must be above full_score \(1.2\), got 1'):
        Confidence(tight(zero_score=1.0))
    with pytest.raises(ConfigError, match='typical score must be > 0, got 0'):
        Confidence(tight(), 0.0)


def test_the_worst_joint_counts_in_units_of_its_band() -> None:
    assert band_score(np.array([0.1, -3.0]), np.array([0.1, 2.0])) == 1.5
    assert math.isnan(band_score(np.array([0.1, np.nan]), np.array([0.1, 2.0])))


def test_the_narrowest_band_of_the_card_is_taken(card: ModelCard) -> None:
    bands = {
        '0.01': {'1': {'velocity': [3.0, 3.0], 'effort': [9.0, 9.0]}},
        '0.1': {'1': {'velocity': [1.0, 2.0]}},
    }
    banded = replace(card, conformal=bands)
    assert error_band(banded, 'velocity') == [1.0, 2.0]
    assert error_band(banded, 'effort') == [9.0, 9.0]
    assert error_band(banded, 'velocity', horizon=0) is None


def test_the_usual_score_is_that_of_independent_normal_errors() -> None:
    # The largest of one normal value has a root mean square of 1; of two, sqrt(1 + 2 / pi).
    one = typical_score(np.array([0.3]), np.array([1.2]))
    two = typical_score(np.array([0.3, 0.6]), np.array([1.2, 2.4]))
    assert one == pytest.approx(0.25, rel=0.03)
    assert two == pytest.approx(0.25 * np.sqrt(1 + 2 / np.pi), rel=0.03)


def test_what_says_nothing_changes_nothing_but_the_range_still_counts() -> None:
    confidence = trusted(tight())
    before = confidence.score
    for _ in range(100):
        confidence.hold(DT)
    assert confidence.score == pytest.approx(before)
    assert confidence.value == 1.0
    for _ in range(20):
        confidence.hold(DT, overshoot=5.0)
    assert confidence.value == 0.0


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
