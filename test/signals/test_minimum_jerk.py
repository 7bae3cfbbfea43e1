# SPDX-License-Identifier: Apache-2.0
"""Tests of the minimum-jerk step, against numpy's polynomials."""

from lstm_dynamics_ros.signals.minimum_jerk import minimum_jerk, PEAK_CHANGE, PEAK_RATE, Shift
import numpy as np
from numpy.testing import assert_allclose
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


LIMITS = np.array([2.0, 1.0, np.inf])
OFFSET = np.array([0.7, -0.1, 0.3])


def rows(shift: Shift, stamps: np.ndarray) -> np.ndarray:
    return np.array([shift.at(int(stamp)) for stamp in stamps])


def test_it_leads_from_the_whole_offset_to_nothing_at_rest() -> None:
    shift = Shift(1000, OFFSET, LIMITS)
    assert_allclose(shift.at(0), [OFFSET, np.zeros(3), np.zeros(3)], atol=1e-12)
    assert_allclose(shift.at(shift.end_ns), np.zeros((3, 3)), atol=1e-6)
    assert_allclose(shift.at(shift.end_ns + 10**9), np.zeros((3, 3)), atol=1e-12)


@pytest.mark.parametrize('size', [1e-3, 0.1, 3.0])
def test_no_joint_is_faster_than_its_limit_or_reaches_it_too_soon(size: float) -> None:
    shift = Shift(0, size * OFFSET, LIMITS)
    seen = rows(shift, np.linspace(0, shift.end_ns, 2001))
    peak = np.abs(seen).max(axis=0)
    assert (peak[1] <= LIMITS * (1 + 1e-9)).all()
    assert (peak[2] <= LIMITS / 0.1 * (1 + 1e-3)).all()


def test_velocity_and_acceleration_are_the_derivatives() -> None:
    shift = Shift(0, OFFSET, LIMITS)
    stamps = np.linspace(0, shift.end_ns, 4001)
    seen = rows(shift, stamps)
    step = (stamps[1] - stamps[0]) / 1e9
    assert_allclose(np.gradient(seen[:, 0], step, axis=0)[2:-2], seen[2:-2, 1], atol=1e-3)
    assert_allclose(np.gradient(seen[:, 1], step, axis=0)[2:-2], seen[2:-2, 2], atol=1e-2)
