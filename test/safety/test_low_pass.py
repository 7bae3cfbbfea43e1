# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/low_pass.py."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.safety.low_pass import LowPass
import numpy as np
import pytest
from scipy import signal

PERIOD = 0.005


def test_a_step_comes_through_as_two_poles_let_it() -> None:
    low = LowPass(1, 40.0, PERIOD)
    got = [float(low.step(np.ones(1))[0]) for _ in range(60)]
    pole = np.exp(-40.0 * PERIOD)
    gain = (1 - pole) ** 2
    expected = signal.lfilter([gain], [1.0, -2 * pole, pole**2], np.ones(60))
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_its_output_is_not_written_again() -> None:
    low = LowPass(2, 40.0, PERIOD)
    first = low.step(np.ones(2))
    copy = first.copy()
    low.step(5 * np.ones(2))
    np.testing.assert_array_equal(first, copy)


def test_reset_starts_at_zero() -> None:
    low = LowPass(1, 40.0, PERIOD)
    for _ in range(100):
        low.step(np.ones(1))
    low.reset()
    assert low.step(np.zeros(1)) == 0.0


@pytest.mark.parametrize('bandwidth', [20.0, 60.0, 120.0])
def test_the_noise_share_is_that_of_white_noise_differentiated_twice(bandwidth: float) -> None:
    noise = np.diff(np.random.default_rng(0).normal(size=200_000), n=2)
    low = LowPass(1, bandwidth, PERIOD)
    passed = np.array([low.step(value)[0] for value in noise[:, None]])
    share = passed.std() / (noise - passed).std()
    assert low.noise_share == pytest.approx(share, rel=0.05)


@pytest.mark.parametrize(
    ('bandwidth', 'period'), [(0.0, 0.005), (float('nan'), 0.005), (1.0, 0.0)]
)
def test_what_cannot_be_is_refused(bandwidth: float, period: float) -> None:
    with pytest.raises(ConfigError):
        LowPass(1, bandwidth, period)
