# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/joint_limits.py."""

from lstm_dynamics_ros.core.errors import ConfigError, JointNamesError, ShapeError
from lstm_dynamics_ros.safety.joint_limits import JointLimits, JointLimitSettings
import numpy as np
import pytest

NAMES = ('shoulder', 'elbow', 'wheel', 'slide')
URDF = """<?xml version="1.0"?>
<robot name="r">
  <link name="a"/>
  <joint name="slide" type="prismatic">
    <limit lower="0" upper="0.4" velocity="0" effort="0"/>
  </joint>
  <joint name="shoulder" type="revolute">
    <limit lower="-2.5" upper="2.0" velocity="2.175" effort="87"/>
    <safety_controller soft_lower_limit="-2.4" soft_upper_limit="2.1" k_position="9"/>
  </joint>
  <joint name="wheel" type="continuous"><limit velocity="30" effort="5"/></joint>
  <joint name="elbow" type="revolute"><limit effort="12"/></joint>
  <joint name="tool" type="fixed"/>
</robot>"""


def test_a_urdf_gives_limits_in_the_order_asked_for() -> None:
    limits = JointLimits.from_urdf(URDF, NAMES)
    inf = np.inf
    np.testing.assert_array_equal(limits.lower, [-2.4, -inf, -inf, 0.0])
    np.testing.assert_array_equal(limits.upper, [2.0, inf, inf, 0.4])
    np.testing.assert_array_equal(limits.velocity, [2.175, inf, 30.0, inf])
    np.testing.assert_array_equal(limits.effort, [87.0, 12.0, 5.0, inf])


def test_joints_without_a_limit_are_named() -> None:
    limits = JointLimits.from_urdf(URDF, NAMES)
    assert limits.without('position', NAMES) == ('elbow', 'wheel')
    assert limits.without('velocity', NAMES) == ('elbow', 'slide')
    assert limits.without('effort', NAMES) == ('slide',)


def test_a_joint_that_the_urdf_lacks_is_named_with_the_closest() -> None:
    with pytest.raises(JointNamesError) as caught:
        JointLimits.from_urdf(URDF, ('shoulder', 'elbo'))
    assert caught.value.missing == ['elbo']
    assert 'elbo -> elbow?' in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'is not XML'),
        ('<robot><joint', 'is not XML'),
        ('<sdf/>', 'must be a <robot>, got <sdf>'),
        ('<!DOCTYPE r [<!ENTITY a "b">]><robot/>', 'document type'),
        (URDF.replace('"87"', '"strong"'), "effort of joint shoulder must be a number, got 'str"),
        (URDF.replace('"87"', '"nan"'), 'effort of joint shoulder must be a number'),
        (URDF.replace('lower="-2.5"', 'lower="2.5"'), 'lower limit of joint 0'),
    ],
)
def test_a_text_that_is_no_usable_urdf_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        JointLimits.from_urdf(text, ('shoulder',))


def test_a_mapping_with_the_names_of_ros2_control_is_read() -> None:
    values = {
        'shoulder': {
            'has_position_limits': True,
            'min_position': -1,
            'max_position': 1.5,
            'has_soft_limits': True,
            'soft_lower_limit': -0.9,
            'soft_upper_limit': 2.0,
            'has_velocity_limits': False,
            'max_velocity': 3.0,
        },
        'elbow': {'max_effort': 12.0},
    }
    limits = JointLimits.from_mapping(values, ('elbow', 'shoulder'))
    np.testing.assert_array_equal(limits.lower, [-np.inf, -0.9])
    np.testing.assert_array_equal(limits.upper, [np.inf, 1.5])
    np.testing.assert_array_equal(limits.velocity, [np.inf, np.inf])
    np.testing.assert_array_equal(limits.effort, [12.0, np.inf])


def test_a_switch_is_no_limit() -> None:
    with pytest.raises(ConfigError, match='max_effort of joint elbow must be a number, got True'):
        JointLimits.from_mapping({'elbow': {'max_effort': True}}, ('elbow',))


def test_parameters_give_limits_and_empty_ones_none() -> None:
    settings = JointLimitSettings(lower=(-1.0, -2.0), effort=(5.0, 6.0))
    limits = JointLimits.from_settings(settings, 2)
    np.testing.assert_array_equal(limits.lower, [-1.0, -2.0])
    np.testing.assert_array_equal(limits.upper, [np.inf, np.inf])
    np.testing.assert_array_equal(limits.effort, [5.0, 6.0])


def test_parameters_for_another_number_of_joints_are_refused() -> None:
    with pytest.raises(ConfigError, match=r'limits\.velocity .* each of the 2 joints .* got 3'):
        JointLimits.from_settings(JointLimitSettings(velocity=(1.0, 2.0, 3.0)), 2)


def test_of_two_limits_the_tighter_is_taken_everywhere() -> None:
    one = JointLimits((-1.0, None), (1.0, 2.0), (3.0, None), (None, 10.0))
    two = JointLimits((-2.0, -2.0), (0.5, 3.0), (None, 4.0), (7.0, 20.0))
    both = one.tightest(two)
    np.testing.assert_array_equal(both.lower, [-1.0, -2.0])
    np.testing.assert_array_equal(both.upper, [0.5, 2.0])
    np.testing.assert_array_equal(both.velocity, [3.0, 4.0])
    np.testing.assert_array_equal(both.effort, [7.0, 10.0])


def test_limits_of_other_joints_cannot_be_joined() -> None:
    with pytest.raises(ShapeError, match=r'\(2,\), got \(3,\)'):
        JointLimits.unknown(2).tightest(JointLimits.unknown(3))


@pytest.mark.parametrize(
    ('lower', 'upper', 'velocity', 'message'),
    [
        (1.0, 1.0, 2.0, 'must be below the upper one, got 1 and 1'),
        (-1.0, float('nan'), 2.0, 'NaN'),
        (-1.0, 1.0, -2.0, '>= 0'),
    ],
)
def test_impossible_limits_are_refused(
    lower: float, upper: float, velocity: float, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        JointLimits((lower,), (upper,), (velocity,), (1.0,))


def test_all_kinds_must_have_as_many_joints() -> None:
    with pytest.raises(ShapeError, match=r'velocity must have shape \(2,\), got \(1,\)'):
        JointLimits((-1.0, -1.0), (1.0, 1.0), (1.0,), (1.0, 1.0))
