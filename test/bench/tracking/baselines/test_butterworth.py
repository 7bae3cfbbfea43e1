# SPDX-License-Identifier: Apache-2.0
"""Tests of the low-pass, against scipy."""

from lstm_dynamics_bench.tracking.baselines.butterworth import Butterworth
from lstm_dynamics_ros.core.errors import ConfigError
import numpy as np
import pytest
from scipy import signal


@pytest.mark.parametrize('cutoff', [1.0, 5.0, 40.0])
def test_it_is_scipys_butterworth_filter(cutoff: float) -> None:
    values = np.random.default_rng(0).normal(size=(300, 2))
    low_pass = Butterworth(cutoff, 0.005, 2)

    filtered = np.array([low_pass.step(row) for row in values])

    b, a = signal.butter(2, cutoff, fs=200.0)
    np.testing.assert_allclose(filtered, signal.lfilter(b, a, values, axis=0), atol=1e-12)


def test_a_ramp_lags_by_its_delay() -> None:
    low_pass = Butterworth(5.0, 0.001, 1)

    for k in range(2000):
        out = low_pass.step(np.array([k * 0.001]))

    np.testing.assert_allclose(1.999 - out, low_pass.delay, rtol=1e-3)


def test_after_a_reset_it_starts_from_zero() -> None:
    low_pass = Butterworth(5.0, 0.005, 1)
    first = low_pass.step(np.ones(1))
    low_pass.reset()

    np.testing.assert_array_equal(low_pass.step(np.ones(1)), first)


@pytest.mark.parametrize('cutoff', [0.0, 100.0])
def test_a_cutoff_out_of_range_is_refused(cutoff: float) -> None:
    with pytest.raises(ConfigError, match='below 100 Hz'):
        Butterworth(cutoff, 0.005, 1)
