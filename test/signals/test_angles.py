# SPDX-License-Identifier: Apache-2.0
"""Tests of angles, against complex numbers."""

from hypothesis import given
from hypothesis import strategies as st
from lstm_dynamics_ros.signals.time_grid import short_way, turns, without_turns, wrap
import numpy as np
import pytest

ANGLES = st.floats(-50.0, 50.0)


def same_direction(one: float, other: float) -> bool:
    return bool(abs(np.exp(1j * one) - np.exp(1j * other)) < 1e-12)


@given(ANGLES)
def test_a_wrapped_angle_is_the_same_direction_within_half_a_turn(angle: float) -> None:
    (wrapped,) = wrap(np.array([angle]))
    assert same_direction(wrapped, angle)
    assert -np.pi <= wrapped < np.pi


@pytest.mark.parametrize(('angle', 'wrapped'), [(0.0, 0.0), (np.pi, -np.pi), (4.0, 4 - 2 * np.pi)])
def test_an_angle_is_wrapped_to_minus_pi_but_not_to_pi(angle: float, wrapped: float) -> None:
    assert wrap(np.array([angle]))[0] == pytest.approx(wrapped)


@given(ANGLES)
def test_whole_turns_are_taken_out_of_continuous_joints_alone(angle: float) -> None:
    short, whole = without_turns(np.array([angle, angle]), turns([True, False]))
    assert same_direction(short, angle)
    assert abs(short) <= np.pi + 1e-12
    assert whole == angle


@given(st.floats(-3.14, 3.14))
def test_less_than_half_a_turn_keeps_its_bits(angle: float) -> None:
    assert without_turns(np.array([angle]))[0] == angle


def test_the_short_way_is_taken_by_continuous_joints_alone() -> None:
    way = short_way(np.array([[6.0, 6.0], [-6.0, 0.5]]), np.array([True, False]))
    np.testing.assert_allclose(way, [[6.0 - 2 * np.pi, 6.0], [2 * np.pi - 6.0, 0.5]])
