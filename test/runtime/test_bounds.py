# SPDX-License-Identifier: Apache-2.0
"""Tests for bounds.py, against closed forms and noise of known distribution."""

from collections.abc import Callable
from dataclasses import replace
import math
import tracemalloc

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.runtime.bounds import (
    AdaptiveBounds,
    NARROWEST,
    NoBoundsError,
    static_bounds,
    WIDEST,
)
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest

NORMAL_90 = 1.6448536269514722
"""Half-width that 90 % of standard normal errors stay within."""


@pytest.fixture(scope='module')
def bare(load: Callable[..., LoadedModel]) -> ModelCard:
    """Two joints; predicts position, velocity and effort."""
    return load().card


@pytest.fixture(scope='module')
def card(bare: ModelCard) -> ModelCard:
    """Bounds of position and velocity, none of effort."""

    def table(scale: float) -> dict[str, dict[str, list[float]]]:
        return {
            '1': {'position': [1.0 * scale, 2.0 * scale], 'velocity': [3.0 * scale, 4.0 * scale]},
            '11': {'position': [2.0 * scale, 6.0 * scale], 'velocity': [3.0 * scale, 4.0 * scale]},
        }

    return replace(bare, bounds={'0.1': table(1.0), '0.01': table(2.0)})


def test_bounds_of_the_card_come_in_the_order_of_its_targets(card: ModelCard) -> None:
    found = static_bounds(card, 1, 0.1)
    assert_allclose(found.half, [1.0, 2.0, 3.0, 4.0, np.nan, np.nan])
    assert not found.held


def test_between_horizons_bounds_grow_linearly(card: ModelCard) -> None:
    assert_allclose(static_bounds(card, 6, 0.1).half[:4], [1.5, 4.0, 3.0, 4.0])


def test_beyond_the_last_horizon_bounds_are_held_and_say_so(card: ModelCard) -> None:
    found = static_bounds(card, 50, 0.1)
    assert_allclose(found.half[:4], [2.0, 6.0, 3.0, 4.0])
    assert found.held


def test_between_miss_rates_bounds_follow_an_exponential_tail(bare: ModelCard) -> None:
    # P(|e| > q) = exp(-q / b): the half-width of a miss rate p is -b ln p.
    table = {
        str(rate): {'1': {'velocity': [-0.5 * math.log(rate), -3.0 * math.log(rate)]}}
        for rate in (0.01, 0.1, 0.5)
    }
    found = static_bounds(replace(bare, bounds=table), 1, 0.03).half[2:4]
    assert_allclose(found, [-0.5 * math.log(0.03), -3.0 * math.log(0.03)])


def test_a_card_without_bounds_is_told_apart(bare: ModelCard) -> None:
    with pytest.raises(NoBoundsError, match=r'has no bounds\. Train and export it again'):
        static_bounds(bare, 1, 0.1)


def test_a_miss_rate_rarer_than_any_of_the_card_is_refused(card: ModelCard) -> None:
    with pytest.raises(NoBoundsError, match=r'miss rates from 0\.01 to 0\.1, got 0\.001'):
        static_bounds(card, 1, 0.001)


def test_bounds_grow_with_novelty_like_variances_that_add_up(card: ModelCard) -> None:
    weights = {'1': {'velocity': (0.9, 0.0)}, '11': {'velocity': (0.5, 1.0)}}
    found = static_bounds(replace(card, novelty_weights=weights), 6, 0.1)
    excess = np.zeros((2, 6))
    excess[:, 2:] = [[2.0**2 - 1.0], [3.0**2 - 1.0]]
    expected = np.sqrt(0.3 + 0.7 * 4.0 + 0.5 * 8.0)  # in the middle: weights 0.7 and 0.5
    assert_allclose(found.growth(excess), [1.0, 1.0, expected, expected, 1.0, 1.0])
    into = np.empty((1, 6))
    found.growth(excess[None].copy(), into)
    assert_allclose(into[0], found.growth(excess))


def test_bounds_of_a_card_without_weights_do_not_follow_novelty(card: ModelCard) -> None:
    assert_allclose(static_bounds(card, 6, 0.1).growth(np.full((5, 2, 6), 99.0)), 1.0)


def test_a_miss_widens_and_a_hit_narrows_as_the_formula_says() -> None:
    bounds = AdaptiveBounds(np.array([1.0, 10.0]), 0.1, rate=0.1)
    bounds.update(np.array([-2.0, 2.0]))
    # Missed: 1 + 0.1 * 1 * (1 - 0.1). Not missed: 10 - 0.1 * 10 * 0.1.
    assert_allclose(bounds.half, [1.09, 9.9])
    bounds.update(np.array([1.08, 9.91]))
    assert_allclose(bounds.half, [1.08, 10.8])


def test_an_error_that_comes_late_is_compared_with_the_bounds_of_its_prediction() -> None:
    bounds = AdaptiveBounds(np.array([1.0]), 0.1)
    bounds.update(np.array([1.5]), issued=np.array([2.0]))
    assert_allclose(bounds.half, [0.99])
    bounds.update(np.array([0.5]), issued=np.array([0.4]))
    assert_allclose(bounds.half, [1.08])


def test_units_do_not_matter() -> None:
    errors = np.random.default_rng(0).standard_normal(500)
    small, large = AdaptiveBounds(np.array([1e-4]), 0.1), AdaptiveBounds(np.array([50.0]), 0.1)
    for error in errors:
        small.update(np.array([1e-4 * error]))
        large.update(np.array([50.0 * error]))
    assert_allclose(small.half / 1e-4, large.half / 50.0)


@pytest.mark.parametrize('miss_rate', [0.5, 0.1])
@pytest.mark.parametrize('shift', [0.4, 1.0, 3.0])
def test_the_long_run_coverage_gets_to_its_target_where_a_static_band_does_not(
    miss_rate: float, shift: float
) -> None:
    quantile = {0.5: 0.6744897501960817, 0.1: NORMAL_90}[miss_rate]
    errors = shift * np.random.default_rng(1).standard_normal(20_000)
    bounds = AdaptiveBounds(np.array([quantile]), miss_rate)
    inside = 0
    for error in errors:
        inside += abs(error) <= bounds.half[0]
        bounds.update(np.array([error]))
    assert inside / len(errors) == pytest.approx(1 - miss_rate, abs=0.005)
    if shift != 1.0:
        static = np.mean(np.abs(errors) <= quantile)
        assert abs(static - (1 - miss_rate)) > 0.08


def test_the_share_of_misses_is_off_by_no_more_than_the_theorem_says() -> None:
    # Within the limits sum(miss - rate) is (q_T - q_0) / eta, whatever the errors are.
    bounds = AdaptiveBounds(np.array([1.0]), 0.1, rate=0.05)
    errors = 1.0 + 0.5 * np.sin(np.arange(3000) / 40.0)
    misses = 0
    for error in errors:
        misses += abs(error) > bounds.half[0]
        bounds.update(np.array([error]))
    assert misses - 0.1 * len(errors) == pytest.approx((bounds.half[0] - 1.0) / 0.05, abs=1e-6)


def test_errors_that_are_not_known_change_nothing() -> None:
    bounds = AdaptiveBounds(np.array([1.0, 1.0, np.nan]), 0.1)
    bounds.update(np.array([np.nan, 0.0, 0.0]))
    assert_allclose(bounds.half, [1.0, 0.99, np.nan])


def test_an_infinite_error_is_a_miss() -> None:
    bounds = AdaptiveBounds(np.array([1.0]), 0.1)
    bounds.update(np.array([np.inf]))
    assert_allclose(bounds.half, [1.09])


def test_bounds_stay_within_their_limits() -> None:
    bounds = AdaptiveBounds(np.array([2.0, 2.0]), 0.1)
    for _ in range(2000):
        bounds.update(np.array([0.0, 1e3]))
    assert_allclose(bounds.half, [2.0 * NARROWEST, 2.0 * WIDEST])


def test_a_reset_begins_again_from_the_static_bounds() -> None:
    bounds = AdaptiveBounds(np.array([2.0]), 0.1)
    bounds.update(np.array([5.0]))
    bounds.reset()
    assert_allclose(bounds.half, [2.0])


def test_an_update_allocates_nothing() -> None:
    bounds, error = AdaptiveBounds(np.ones(1000), 0.1), np.full(1000, 2.0)
    bounds.update(error)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(100):
            bounds.update(error)
        grown = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    assert grown < error.nbytes  # not even one array


@pytest.mark.parametrize('miss_rate', [0.0, 1.0, -0.1])
def test_a_miss_rate_that_is_none_is_refused(miss_rate: float) -> None:
    with pytest.raises(ConfigError, match='miss rate must lie between 0 and 1'):
        AdaptiveBounds(np.ones(1), miss_rate)


def test_a_rate_of_adaptation_must_be_above_zero() -> None:
    with pytest.raises(ConfigError, match='rate of adaptation must be > 0'):
        AdaptiveBounds(np.ones(1), 0.1, rate=0.0)
