# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/gate.py. All numbers are worked out by hand."""

from lstm_dynamics_ros.errors import ConfigError, ShapeError
from lstm_dynamics_ros.safety.gate import Gate, GateSettings
from lstm_dynamics_ros.state import Vector
import numpy as np
import pytest

FULL = GateSettings(blend=1.0, max_effort_fraction=0.5, max_effort_rate=1e6)


def once(settings: GateSettings, torque: list[float], *, confidence: float = 1.0) -> Vector:
    gate = Gate(settings, (20.0, 10.0), 0.005)
    out = gate.pass_through(np.array(torque), armed=True, confidence=confidence)
    assert out is not None
    return out


def test_disarmed_nothing_comes_out() -> None:
    gate = Gate(FULL, (20.0, 10.0), 0.005)
    assert gate.pass_through(np.array([1.0, 2.0]), armed=False) is None


def test_small_torque_passes_unchanged() -> None:
    np.testing.assert_array_equal(once(FULL, [3.0, -4.0]), [3.0, -4.0])


def test_blend_scales() -> None:
    settings = GateSettings(blend=0.1, max_effort_fraction=0.5, max_effort_rate=1e6)
    np.testing.assert_allclose(once(settings, [3.0, -4.0]), [0.3, -0.4])


def test_blend_comes_before_the_clamp() -> None:
    settings = GateSettings(blend=0.1, max_effort_fraction=0.5, max_effort_rate=1e6)
    np.testing.assert_allclose(once(settings, [60.0, -60.0]), [6.0, -5.0])


def test_clamp_is_a_share_of_each_limit() -> None:
    np.testing.assert_array_equal(once(FULL, [30.0, -30.0]), [10.0, -5.0])


@pytest.mark.parametrize(
    ('confidence', 'share'), [(0.5, 0.5), (0.0, 0.0), (np.nan, 0.0), (2.0, 0.0)]
)
def test_confidence_scales_and_an_impossible_one_is_none(confidence: float, share: float) -> None:
    out = once(FULL, [4.0, -4.0], confidence=confidence)
    np.testing.assert_allclose(out, [4.0 * share, -4.0 * share])


def test_the_output_changes_no_faster_than_the_rate() -> None:
    settings = GateSettings(blend=1.0, max_effort_fraction=1.0, max_effort_rate=200.0)
    gate = Gate(settings, (20.0, 10.0), 0.005)  # 1 N m per step
    for expected in ([1.0, -0.4], [2.0, -0.4], [2.5, -0.4], [2.5, -0.4]):
        out = gate.pass_through(np.array([2.5, -0.4]), armed=True)
        assert out is not None
        np.testing.assert_allclose(out, expected)
    assert gate.counters['torque_slewed'] == 2


@pytest.mark.parametrize('bad', [np.nan, np.inf, -np.inf])
def test_torque_that_is_not_finite_counts_as_zero(bad: float) -> None:
    settings = GateSettings(blend=1.0, max_effort_fraction=1.0, max_effort_rate=200.0)
    gate = Gate(settings, (20.0, 10.0), 0.005)
    gate.pass_through(np.array([1.0, 1.0]), armed=True)
    gate.pass_through(np.array([2.0, 2.0]), armed=True)
    out = gate.pass_through(np.array([2.0, bad]), armed=True)
    assert out is not None
    np.testing.assert_allclose(out, [1.0, 1.0])  # on the way to zero, no faster than the rate
    assert gate.counters['torque_not_finite'] == 1


def test_no_torque_goes_back_to_zero_at_the_rate() -> None:
    settings = GateSettings(blend=1.0, max_effort_fraction=1.0, max_effort_rate=200.0)
    gate = Gate(settings, (20.0, 10.0), 0.005)
    gate.pass_through(np.array([1.0, 0.5]), armed=True)
    out = gate.pass_through(None, armed=True)
    assert out is not None
    np.testing.assert_allclose(out, [0.0, 0.0])


def test_after_disarming_it_starts_from_zero_again() -> None:
    settings = GateSettings(blend=1.0, max_effort_fraction=1.0, max_effort_rate=200.0)
    gate = Gate(settings, (20.0, 10.0), 0.005)
    for _ in range(5):
        gate.pass_through(np.array([5.0, 5.0]), armed=True)
    gate.pass_through(np.array([5.0, 5.0]), armed=False)
    out = gate.pass_through(np.array([5.0, 5.0]), armed=True)
    assert out is not None
    np.testing.assert_allclose(out, [1.0, 1.0])


def test_a_joint_without_a_limit_gets_nothing() -> None:
    gate = Gate(FULL, (20.0, None), 0.005)
    out = gate.pass_through(np.array([3.0, 3.0]), armed=True)
    assert out is not None
    np.testing.assert_array_equal(out, [3.0, 0.0])
    assert gate.unlimited_joints == [1]


def test_the_caller_cannot_change_what_the_gate_remembers() -> None:
    settings = GateSettings(blend=1.0, max_effort_fraction=1.0, max_effort_rate=200.0)
    gate = Gate(settings, (20.0, 10.0), 0.005)
    out = gate.pass_through(np.array([5.0, 5.0]), armed=True)
    assert out is not None
    out[:] = 19.0
    again = gate.pass_through(np.array([5.0, 5.0]), armed=True)
    assert again is not None
    np.testing.assert_allclose(again, [2.0, 2.0])


def test_torque_of_another_length_is_refused() -> None:
    with pytest.raises(ShapeError, match=r'\(2,\), got \(3,\)'):
        once(FULL, [1.0, 2.0, 3.0])


def test_a_period_must_be_positive() -> None:
    with pytest.raises(ConfigError, match='control period'):
        Gate(FULL, (20.0, 10.0), 0.0)
