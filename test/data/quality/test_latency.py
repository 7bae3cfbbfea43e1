# SPDX-License-Identifier: Apache-2.0
"""Delays against signals that were delayed by a known time, in closed form."""

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.data.quality.latency import Band, estimate_delay
import numpy as np
import pytest

BAND = Band(8.0, 80.0, 2.0)
PERIOD = 0.005


def held_steps(seconds: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return a random command that changes every 5 ms, from t = 1 s on."""
    values = np.random.default_rng(seed).choice((-1.0, 1.0), round(seconds / PERIOD))
    stamps = 1_000_000_000 + np.round(np.arange(len(values)) * PERIOD * 1e9).astype(np.int64)
    return stamps, values


def response(
    stamps: np.ndarray, values: np.ndarray, at: np.ndarray, dead: float, lag: float
) -> np.ndarray:
    """Return the exact response of a dead time and a first-order lag to a held command."""
    result = np.zeros(len(at))
    time, when = at / 1e9, stamps / 1e9 + dead
    for k, change in enumerate(np.diff(values, prepend=0.0)):
        after = time - when[k]
        step = np.where(after >= 0, 1.0 - np.exp(-np.maximum(after, 0.0) / lag), 0.0)
        result += change * step
    return result


@pytest.mark.parametrize('rate', [1000.0, 250.0])
@pytest.mark.parametrize(('dead', 'lag'), [(0.002, 0.003), (0.0173, 0.001), (0.030, 0.008)])
def test_dead_time_and_lag_are_found(dead: float, lag: float, rate: float) -> None:
    stamps, values = held_steps(16.0)
    at = (1.0003e9 + np.arange(round(15.9 * rate)) / rate * 1e9).astype(np.int64)
    effect = 1.7 * response(stamps, values, at, dead, lag)

    found = estimate_delay(stamps, values, at, effect, BAND._replace(high=min(80.0, 0.3 * rate)))

    assert abs(found.seconds - dead - lag) < (0.0005 if rate == 1000.0 else 0.001)
    assert found.coherence > 0.9
    if rate == 1000.0:
        assert abs(found.lag - lag) < 0.0005
        assert found.gain == pytest.approx(1.7, rel=0.05)


def test_a_large_slow_motion_and_noise_beside_it_change_little() -> None:
    stamps, values = held_steps(40.0)
    at = 1_000_000_000 + np.arange(39_900, dtype=np.int64) * 1_000_000
    time = at / 1e9
    noise = np.random.default_rng(1).normal(size=len(at))
    effect = response(stamps, values, at, 0.010, 0.003) + 40 * np.sin(3.0 * time) + 0.5 * noise

    found = estimate_delay(stamps, values, at, effect, BAND)

    assert abs(found.seconds - 0.013) < 0.001
    assert found.error < 0.001


def test_an_effect_that_comes_first_has_a_negative_delay() -> None:
    stamps, values = held_steps(16.0)
    at = 1_000_000_000 + np.arange(15_900, dtype=np.int64) * 1_000_000
    effect = response(stamps - 40_000_000, values, at, 0.0, 0.001)

    assert abs(estimate_delay(stamps, values, at, effect, BAND).seconds + 0.039) < 0.001


def test_signals_without_relation_have_no_coherence() -> None:
    stamps, values = held_steps(20.0)
    at, other = stamps, np.random.default_rng(2).normal(size=len(stamps))

    found = estimate_delay(stamps, values, at, other, BAND._replace(high=60.0))

    assert found.coherence < 0.3


def test_a_line_between_values_is_followed_without_the_delay_of_a_hold() -> None:
    stamps = 1_000_000_000 + np.arange(600, dtype=np.int64) * 50_000_000
    at = 1_000_000_000 + np.arange(29_900, dtype=np.int64) * 1_000_000

    omega = np.random.default_rng(3).uniform(0.6, 12.0, 60)

    def wave(when: np.ndarray) -> np.ndarray:
        return np.asarray(np.sin(np.outer(when, omega) + omega**2).sum(axis=1))

    found = estimate_delay(
        stamps, wave(stamps / 1e9), at, wave(at / 1e9 - 0.025), Band(0.1, 2.0, 6.0), held=False
    )

    assert abs(found.seconds - 0.025) < 0.001


def test_too_short_a_recording_is_refused() -> None:
    stamps, values = held_steps(5.0)
    with pytest.raises(TooShortError, match=r'stretch is 5\.00 s'):
        estimate_delay(stamps, values, stamps, values, BAND)


def test_an_expected_gain_is_dropped_where_it_contradicts_the_signals() -> None:
    stamps, values = held_steps(16.0)
    at = 1_000_000_000 + np.arange(15_900, dtype=np.int64) * 1_000_000
    effect = 0.05 * response(stamps, values, at, 0.010, 0.003)

    found = estimate_delay(stamps, values, at, effect, BAND, gain=1.0)

    assert abs(found.seconds - 0.013) < 0.0005
    assert found.gain == pytest.approx(0.05, rel=0.05)
