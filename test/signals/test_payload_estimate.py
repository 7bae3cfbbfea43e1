# SPDX-License-Identifier: Apache-2.0
"""Tests for payload_estimate.py."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.signals.disturbance import (
    disturbance_scale,
    estimates,
    FIRST,
    MEMORY,
    PayloadEstimate,
)
import numpy as np
import pytest

DT = 0.005


def test_the_mass_is_that_of_weighted_least_squares() -> None:
    rng = np.random.default_rng(0)
    cost, scale = rng.normal(size=(4000, 3)), np.array([1.0, 0.1, 5.0])
    spent = 2.3 * cost + scale * rng.normal(size=(4000, 3))
    found = estimates(spent, cost, scale, DT)
    weight = np.exp(-DT * np.arange(4000)[::-1] / MEMORY)[:, None] / scale**2
    weight[: round(FIRST / DT)] = 0.0
    expected = (weight * spent * cost).sum() / (weight * cost * cost).sum()
    assert found[-1] == pytest.approx(expected)
    assert found[-1] == pytest.approx(2.3, abs=0.1)


def test_a_new_payload_is_known_after_a_while() -> None:
    cost = np.full((4500, 1), 5.0)
    spent = cost * np.where(np.arange(4500) < 4000, 0.0, 2.5)[:, None]
    found = estimates(spent, cost, np.ones(1), DT)
    seconds = DT * np.arange(1, 501)
    np.testing.assert_allclose(found[4000:], 2.5 * (1 - np.exp(-seconds / MEMORY)), atol=0.01)


def test_nothing_is_known_before_anything_was_seen() -> None:
    estimate = PayloadEstimate(np.ones(2), DT)
    assert estimate.mass == 0.0
    for _ in range(round(FIRST / DT)):  # what a low-pass says before it has settled
        estimate.update(np.full(2, -1e3), np.ones(2))
    estimate.update(np.ones(2), np.zeros(2))
    assert estimate.mass == 0.0
    estimate.update(np.full(2, 3.0), np.ones(2))
    assert estimate.mass == pytest.approx(3.0)
    estimate.reset()
    assert estimate.mass == 0.0


def test_a_joint_that_hardly_moved_in_training_does_not_decide() -> None:
    np.testing.assert_allclose(disturbance_scale([5.0, 0.0]), [5.0, 0.05])
    np.testing.assert_allclose(disturbance_scale([0.0, 0.0]), 1e-3)


@pytest.mark.parametrize(('scale', 'period'), [(np.ones(2), 0.0), (np.array([1.0, 0.0]), DT)])
def test_what_cannot_be_is_refused(scale: np.ndarray, period: float) -> None:
    with pytest.raises(ConfigError, match='must be > 0'):
        PayloadEstimate(scale, period)
