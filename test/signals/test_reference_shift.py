# SPDX-License-Identifier: Apache-2.0
"""Tests for reference_shift.py."""

from lstm_dynamics_ros.signals.minimum_jerk import Shift
import numpy as np
from numpy.testing import assert_allclose
import pytest

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
