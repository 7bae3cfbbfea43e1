# SPDX-License-Identifier: Apache-2.0
"""Tests of the zero-phase derivative."""

from lstm_dynamics_ros.core.errors import ConfigError, TooShortError
from lstm_dynamics_ros.learning.identification.differentiate import acceleration
import numpy as np
import pytest

pytest.importorskip('scipy', reason='the filter is scipy')
DT = 0.005


def test_the_derivative_of_a_slow_sine_is_its_cosine_without_delay() -> None:
    t = DT * np.arange(2000)
    rate = 2 * np.pi * 1.0
    got = acceleration(np.sin(rate * t)[:, None], DT)[200:-200, 0]
    expected = rate * np.cos(rate * t)[200:-200]
    np.testing.assert_allclose(got, expected, rtol=0, atol=2e-3 * rate)


def test_half_the_amplitude_is_left_at_the_cut_off() -> None:
    # Forward and backward, each pass leaves 1 / sqrt(2) of the amplitude at the cut-off.
    t = DT * np.arange(4000)
    rate = 2 * np.pi * 10.0
    got = acceleration(np.sin(rate * t)[:, None], DT, cutoff=10.0)[500:-500, 0]
    # A central difference of a sine is sin(w dt) / dt.
    assert np.abs(got).max() == pytest.approx(0.5 * np.sin(rate * DT) / DT, rel=0.01)


def test_noise_is_damped() -> None:
    random = np.random.default_rng(0)
    noise = 1e-2 * random.normal(size=(5000, 2))
    plain = np.gradient(noise, DT, axis=0)
    assert acceleration(noise, DT).std() < 0.15 * plain.std()


def test_a_cut_off_above_nyquist_filters_nothing() -> None:
    velocity = np.random.default_rng(1).normal(size=(50, 1))
    expected = np.gradient(velocity, DT, axis=0)
    np.testing.assert_array_equal(acceleration(velocity, DT, cutoff=100.0), expected)


def test_too_few_steps_are_refused() -> None:
    with pytest.raises(TooShortError, match=r'longest gap-free stretch is 0\.04 s'):
        acceleration(np.zeros((9, 1)), DT)


def test_a_cut_off_of_zero_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'must be > 0, got 0\.005 s and 0 Hz'):
        acceleration(np.zeros((100, 1)), DT, cutoff=0)
