# SPDX-License-Identifier: Apache-2.0
"""Tests for quintic.py."""

from lstm_dynamics_ros.signals.quintic import PEAK_CHANGE, PEAK_RATE, quintic
import numpy as np


def test_it_is_the_minimum_jerk_polynomial() -> None:
    x = np.linspace(0.0, 1.0, 11)[:, None]
    polynomial = np.polynomial.Polynomial([0.0, 0.0, 0.0, 10.0, -15.0, 6.0])

    value, rate, change = quintic(x)

    np.testing.assert_allclose(value, polynomial(x), atol=1e-12)
    np.testing.assert_allclose(rate, polynomial.deriv()(x), atol=1e-12)
    np.testing.assert_allclose(change, polynomial.deriv(2)(x), atol=1e-12)


def test_the_peaks_are_those_of_a_dense_sample() -> None:
    _, rate, change = quintic(np.linspace(0.0, 1.0, 100_001))

    np.testing.assert_allclose(rate.max(), PEAK_RATE, rtol=1e-9)
    np.testing.assert_allclose(np.abs(change).max(), PEAK_CHANGE, rtol=1e-7)
