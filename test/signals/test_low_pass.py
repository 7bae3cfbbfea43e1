# SPDX-License-Identifier: Apache-2.0
"""Tests for signals/low_pass.py, against the continuous filter in closed form."""

import math

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.signals.low_pass import LowPass, noise_left_of_acceleration, phase_margin
import numpy as np
import pytest
from scipy import signal

PERIOD = 0.005


def step_response(low_pass: LowPass, steps: int) -> list[float]:
    return [float(low_pass.update(np.ones(1), 0.005)[0]) for _ in range(steps)]


def test_one_pole_follows_a_step_exactly() -> None:
    got = step_response(LowPass(1, bandwidth=20.0), 100)
    np.testing.assert_allclose(got, 1.0 - np.exp(-20.0 * 0.005 * np.arange(1, 101)), rtol=1e-12)


def test_two_poles_follow_a_step_as_a_continuous_filter_does() -> None:
    got = step_response(LowPass(1, bandwidth=10.0, smoothing=0.05), 200)
    times = 0.005 * np.arange(201)
    exact = signal.step(([1.0], np.polymul([0.1, 1.0], [0.05, 1.0])), T=times)[1]
    np.testing.assert_allclose(got, exact[1:], atol=0.04)
    assert got[-1] == pytest.approx(1.0, abs=1e-3)


def test_frozen_it_decays_and_goes_on_from_there() -> None:
    low_pass = LowPass(1, bandwidth=20.0, smoothing=0.01, bleed=2.0)
    step_response(low_pass, 400)
    for _ in range(50):
        frozen = low_pass.update(np.full(1, 9.0), 0.005, frozen=True)
    assert frozen[0] == pytest.approx(math.exp(-2.0 * 0.25), rel=1e-6)
    assert low_pass.update(frozen, 0.005)[0] == pytest.approx(frozen[0])


def test_after_a_reset_it_starts_from_zero() -> None:
    low_pass = LowPass(1, bandwidth=20.0, smoothing=0.01)
    first = step_response(low_pass, 5)
    low_pass.reset()
    assert low_pass.value[0] == 0.0
    assert step_response(low_pass, 5) == first


def test_a_negative_number_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'>= 0, got 10.0, -0.1 and 0.0'):
        LowPass(1, bandwidth=10.0, smoothing=-0.1)


@pytest.mark.parametrize('bandwidth', [5.0, 20.0, 80.0])
@pytest.mark.parametrize('smoothing', [0.0, 0.01, 0.05])
@pytest.mark.parametrize('delay', [0.0, 0.015])
def test_the_margin_is_that_of_the_loop(bandwidth: float, smoothing: float, delay: float) -> None:
    frequency = np.geomspace(0.01, 1000.0, 400_001)
    s = 1j * frequency
    passed = 1.0 / ((1.0 + s / bandwidth) * (1.0 + s * smoothing))
    loop = passed / (1.0 - passed)
    at = int(np.argmin(np.abs(np.abs(loop) - 1.0)))
    expected = math.pi + float(np.angle(loop[at])) - frequency[at] * delay
    assert phase_margin(bandwidth, smoothing, delay) == pytest.approx(expected, abs=1e-3)


def test_a_loop_that_does_nothing_has_all_the_margin() -> None:
    assert phase_margin(0.0, 0.01, 1.0) == pytest.approx(math.pi / 2)


def test_a_step_comes_through_two_equal_poles_as_scipy_lets_it() -> None:
    low = LowPass(1, bandwidth=40.0, smoothing=None)
    got = [float(low.update(np.ones(1), PERIOD)[0]) for _ in range(60)]
    pole = np.exp(-40.0 * PERIOD)
    gain = (1 - pole) ** 2
    expected = signal.lfilter([gain], [1.0, -2 * pole, pole**2], np.ones(60))
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_its_output_is_not_written_again() -> None:
    low = LowPass(2, bandwidth=40.0, smoothing=None)
    first = low.update(np.ones(2), PERIOD)
    copy = first.copy()
    low.update(5 * np.ones(2), PERIOD)
    np.testing.assert_array_equal(first, copy)


def test_reset_starts_equal_poles_at_zero() -> None:
    low = LowPass(1, bandwidth=40.0, smoothing=None)
    for _ in range(100):
        low.update(np.ones(1), PERIOD)
    low.reset()
    assert low.update(np.zeros(1), PERIOD) == 0.0


@pytest.mark.parametrize('bandwidth', [20.0, 60.0, 120.0])
def test_the_noise_share_is_that_of_white_noise_differentiated_twice(bandwidth: float) -> None:
    noise = np.diff(np.random.default_rng(0).normal(size=200_000), n=2)
    low = LowPass(1, bandwidth=bandwidth, smoothing=None)
    passed = np.array([low.update(value, PERIOD)[0] for value in noise[:, None]])
    share = passed.std() / (noise - passed).std()
    assert noise_left_of_acceleration(bandwidth, PERIOD) == pytest.approx(share, rel=0.05)
