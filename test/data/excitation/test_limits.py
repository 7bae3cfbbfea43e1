# SPDX-License-Identifier: Apache-2.0
"""Tests for limits.py."""

from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError, JointNamesError, ShapeError
from lstm_dynamics_ros.data.excitation.limits import ExcitationLimits
import numpy as np
import pytest

LIMITS = ExcitationLimits(
    joint_names=('a', 'b', 'wheel'),
    joint_types=('revolute', 'prismatic', 'continuous'),
    home=np.zeros(3),
    lower=np.array([-1.0, 0.0, -np.inf]),
    upper=np.array([1.0, np.inf, np.inf]),
    velocity=np.array([1.0, np.inf, 2.0]),
    acceleration=np.full(3, np.inf),
    effort=np.full(3, 10.0),
)


def test_every_joint_says_what_it_lacks() -> None:
    assert LIMITS.missing() == ['b has no upper, velocity limit.']


def test_a_joint_that_turns_without_end_lacks_no_ends() -> None:
    assert LIMITS.endless == ('wheel',)
    assert LIMITS.select(['wheel']).missing() == []


def test_a_home_outside_is_named() -> None:
    moved = replace(LIMITS, home=np.array([1.5, 0.0, 99.0]))
    assert moved.misplaced() == ['Home of a is 1.5, outside of [-1, 1].']


def test_joints_are_selected_in_the_order_asked_for() -> None:
    chosen = LIMITS.select(['wheel', 'a'])

    assert chosen.joint_types == ('continuous', 'revolute')
    np.testing.assert_array_equal(chosen.velocity, [2.0, 1.0])


def test_a_joint_that_is_not_there_is_refused() -> None:
    with pytest.raises(JointNamesError, match='c'):
        LIMITS.select(['c'])


def test_a_wrong_length_is_refused() -> None:
    with pytest.raises(ShapeError, match='home'):
        replace(LIMITS, home=np.zeros(2))


@pytest.mark.parametrize('name', ['velocity', 'acceleration', 'effort'])
def test_limits_that_are_not_positive_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f'{name} limits must be > 0'):
        replace(LIMITS, **{name: np.array([1.0, 0.0, 1.0])})  # type: ignore[arg-type]


def test_a_limit_that_is_no_number_is_refused() -> None:
    with pytest.raises(ConfigError, match='lower must hold numbers'):
        replace(LIMITS, lower=np.array([np.nan, 0.0, 0.0]))


def test_an_unknown_kind_of_joint_is_refused() -> None:
    with pytest.raises(ConfigError, match='floating'):
        replace(LIMITS, joint_types=('revolute', 'floating', 'continuous'))
