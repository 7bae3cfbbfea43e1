# SPDX-License-Identifier: Apache-2.0
"""Tests for signals/disturbance.py, with the textbook pendulum, and payloads by least squares."""

import math

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.signals.disturbance import (
    disturbance_scale,
    DisturbanceFilter,
    estimates,
    FIRST,
    MEMORY,
    PayloadEstimate,
)
import numpy as np
import pytest

DT = 0.005
MASS, LENGTH, GRAVITY, VISCOUS = 2.0, 0.5, 9.81, 0.7


class Pendulum:
    """``tau = m l^2 ddq + m g l sin q``: all but the friction."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return MASS * LENGTH**2 * acceleration + MASS * GRAVITY * LENGTH * np.sin(position)


def motion(k: int) -> tuple[Vector, Vector, Vector, Vector]:
    """Return position, velocity, acceleration and effort at step k."""
    w, t = 3.0, k * DT
    q, dq = np.array([math.sin(w * t)]), np.array([w * math.cos(w * t)])
    ddq = -w * w * q
    return q, dq, ddq, Pendulum().torque(q, dq, ddq) + VISCOUS * dq


def test_what_is_left_of_a_pendulum_is_its_friction_one_step_ago() -> None:
    seen = DisturbanceFilter(Pendulum(), period=DT, bandwidth=20.0, continuous=[False])
    for k in range(400):
        q, _, _, effort = motion(k)
        seen.update(q, effort)
        if k >= 2:
            _, before, _, _ = motion(k - 1)
            assert seen.ready
            np.testing.assert_allclose(seen.raw, VISCOUS * before, atol=4e-3)


def test_the_low_pass_has_two_poles_at_the_bandwidth() -> None:
    seen = DisturbanceFilter(None, period=DT, bandwidth=20.0, continuous=[False])
    for _ in range(10):
        seen.update(np.zeros(1), np.zeros(1))
    values = [float(seen.update(np.zeros(1), np.ones(1))[0]) for _ in range(100)]
    t = DT * (np.arange(100) + 0.5)
    np.testing.assert_allclose(values, 1 - (1 + 20 * t) * np.exp(-20 * t), atol=2e-3)


def test_it_starts_settled() -> None:
    seen = DisturbanceFilter(None, period=DT, bandwidth=5.0, continuous=[False])
    for _ in range(3):
        value = seen.update(np.zeros(1), np.full(1, 7.0))
    assert value == pytest.approx(7.0)


def test_frozen_it_holds_and_still_measures() -> None:
    seen = DisturbanceFilter(None, period=DT, bandwidth=50.0, continuous=[False])
    for _ in range(5):
        seen.update(np.zeros(1), np.ones(1))
    for _ in range(50):
        value = seen.update(np.zeros(1), np.full(1, 9.0), frozen=True)
    assert value == pytest.approx(1.0)
    assert seen.raw == pytest.approx(9.0)


def test_frozen_it_goes_on_with_what_is_expected() -> None:
    free, frozen = (
        DisturbanceFilter(None, period=DT, bandwidth=20.0, continuous=[False]) for _ in range(2)
    )
    for k in range(400):
        expected = np.array([math.sin(0.02 * k)])
        pushed = 5.0 if k >= 200 else 0.0  # a force from outside, kept from the second
        free.update(np.zeros(1), expected)
        frozen.update(np.zeros(1), expected + pushed, expected=expected, frozen=k >= 198)
    assert frozen.value == pytest.approx(free.value, abs=0.05)


def test_what_nobody_expected_is_taken_out_when_it_is_frozen() -> None:
    seen = DisturbanceFilter(None, period=DT, bandwidth=20.0, continuous=[False])
    for k in range(200):
        effort = np.full(1, 1.0 if k < 190 else 6.0)
        before = float(seen.update(np.zeros(1), effort, expected=np.ones(1))[0])
    assert before > 1.5
    after = seen.update(np.zeros(1), np.full(1, 6.0), expected=np.ones(1), frozen=True)
    assert after == pytest.approx(1.0, abs=1e-3)


class Carrier(Pendulum):
    """The same with a payload at its tip: 1 kg takes ``l^2 ddq + g l sin q``."""

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:
        """See the protocol."""
        efforts: Matrix = np.zeros((1, 4))
        efforts[:, 0] = self.torque(position, velocity, acceleration) / MASS
        return efforts


def test_the_effort_of_a_payload_passes_the_same_low_pass() -> None:
    bare = DisturbanceFilter(Pendulum(), period=DT, bandwidth=20.0, continuous=[False])
    loaded = DisturbanceFilter(
        Carrier(), period=DT, bandwidth=20.0, continuous=[False], payload=True
    )
    for k in range(400):
        q, dq, ddq, effort = motion(k)
        bare.update(q, effort)
        loaded.update(q, effort + 1.5 * Pendulum().torque(q, dq, ddq) / MASS)
        if k > 300:
            np.testing.assert_allclose(loaded.value - 1.5 * loaded.payload, bare.value, atol=5e-3)


def test_a_model_without_payloads_gives_no_effort_per_kilogram() -> None:
    with pytest.raises(ConfigError, match='got Pendulum'):
        DisturbanceFilter(Pendulum(), period=DT, bandwidth=20.0, continuous=[False], payload=True)


def test_a_continuous_joint_may_pass_half_a_turn() -> None:
    inertia = Pendulum()
    seen = DisturbanceFilter(inertia, period=DT, bandwidth=20.0, continuous=[True])
    for k in range(200):  # steady, with the gravity of the angle
        q = np.array([3.0 + 0.01 * k])
        effort = MASS * GRAVITY * LENGTH * np.sin(q)
        seen.update((q + np.pi) % (2 * np.pi) - np.pi, effort)
        if k > 3:
            np.testing.assert_allclose(seen.raw, 0.0, atol=2e-3)


def test_reset_forgets() -> None:
    seen = DisturbanceFilter(None, period=DT, bandwidth=20.0, continuous=[False])
    for _ in range(5):
        seen.update(np.zeros(1), np.ones(1))
    seen.reset()
    assert not seen.ready
    assert seen.value == 0.0


@pytest.mark.parametrize(('period', 'bandwidth'), [(0.0, 20.0), (0.005, 0.0), (0.005, math.nan)])
def test_what_cannot_be_is_refused(period: float, bandwidth: float) -> None:
    with pytest.raises(ConfigError, match='must be > 0'):
        DisturbanceFilter(None, period=period, bandwidth=bandwidth, continuous=[False])


def test_the_mass_is_that_of_weighted_least_squares() -> None:
    rng = np.random.default_rng(0)
    per_kilogram, scale = rng.normal(size=(4000, 3)), np.array([1.0, 0.1, 5.0])
    measured = 2.3 * per_kilogram + scale * rng.normal(size=(4000, 3))
    found = estimates(measured, per_kilogram, scale, DT)
    weight = np.exp(-DT * np.arange(4000)[::-1] / MEMORY)[:, None] / scale**2
    weight[: round(FIRST / DT)] = 0.0
    expected = (weight * measured * per_kilogram).sum() / (weight * per_kilogram**2).sum()
    assert found[-1] == pytest.approx(expected)
    assert found[-1] == pytest.approx(2.3, abs=0.1)


def test_a_new_payload_is_known_after_a_while() -> None:
    per_kilogram = np.full((4500, 1), 5.0)
    measured = per_kilogram * np.where(np.arange(4500) < 4000, 0.0, 2.5)[:, None]
    found = estimates(measured, per_kilogram, np.ones(1), DT)
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
def test_a_period_or_scale_of_zero_is_refused(scale: np.ndarray, period: float) -> None:
    with pytest.raises(ConfigError, match='must be > 0'):
        PayloadEstimate(scale, period)
