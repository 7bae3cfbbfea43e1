# SPDX-License-Identifier: Apache-2.0
"""Tests of the minimum-jerk step, against numpy's polynomials."""

from lstm_dynamics_ros.signals.minimum_jerk import minimum_jerk, PEAK_CHANGE, PEAK_RATE
import numpy as np
import pytest


def test_it_is_the_minimum_jerk_polynomial() -> None:
    x = np.linspace(0.0, 1.0, 11)[:, None]
    polynomial = np.polynomial.Polynomial([0.0, 0.0, 0.0, 10.0, -15.0, 6.0])

    value, rate, change = minimum_jerk(x)

    np.testing.assert_allclose(value, polynomial(x), atol=1e-12)
    np.testing.assert_allclose(rate, polynomial.deriv()(x), atol=1e-12)
    np.testing.assert_allclose(change, polynomial.deriv(2)(x), atol=1e-12)


def test_the_peaks_are_those_of_a_dense_sample() -> None:
    _, rate, change = minimum_jerk(np.linspace(0.0, 1.0, 100_001))

    np.testing.assert_allclose(rate.max(), PEAK_RATE, rtol=1e-9)
    np.testing.assert_allclose(np.abs(change).max(), PEAK_CHANGE, rtol=1e-7)


@pytest.mark.parametrize('phase', [-0.5, 0.0, 0.3, 0.7, 1.0, 2.0])
def test_a_number_gives_what_an_array_of_it_gives(phase: float) -> None:
    rows = [float(row[0]) for row in minimum_jerk(np.array([phase]))]
    np.testing.assert_allclose(minimum_jerk(phase), rows, rtol=1e-14)
