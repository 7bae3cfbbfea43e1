# SPDX-License-Identifier: Apache-2.0
"""Tests of what all motions share."""

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.motions.base import make_motion, within_limits
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
import numpy as np
import pytest


def test_a_path_is_shrunk_by_the_tighter_of_two_limits() -> None:
    path = JointPath(np.array([[4.0, 1.0]]), np.array([[1.0, 6.0]]), np.array([[8.0, 8.0]]))

    small = within_limits(path, amplitude=np.array([1.0, 1.0]), peak=np.array([2.0, 2.0]))

    np.testing.assert_allclose(small.position, [[1.0, 1.0 / 3.0]])
    np.testing.assert_allclose(small.acceleration, [[2.0, 8.0 / 3.0]])


@pytest.mark.parametrize('speed', [0.0, 1.5, float('nan')])
def test_a_speed_out_of_range_is_refused(speed: float) -> None:
    with pytest.raises(ConfigError, match=r'speed of a motion must be in \(0, 1\]'):
        make_motion(load_robot('arm'), 'multi_sine', seed=0, duration=10.0, speed=speed)


def test_too_short_a_motion_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'must take at least 4\.0 s, got 1\.0 s'):
        make_motion(load_robot('arm'), 'multi_sine', seed=0, duration=1.0)


def test_an_unknown_kind_is_reported_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match='Known: mixed, multi_sine, point_to_point'):
        make_motion(load_robot('arm'), 'multisine', seed=0, duration=10.0)


def test_more_of_the_speed_limits_may_be_allowed() -> None:
    robot = load_robot('arm')  # whose motions speed limits, not ranges, keep in bounds
    motion = make_motion(robot, 'multi_sine', seed=3, duration=20.0, velocity_share=0.9)

    reached = np.abs(motion.velocity).max(axis=0) / robot.velocity_limit
    assert reached.max() <= 0.9 + 1e-9
    assert reached.max() > 0.7


def test_more_than_the_speed_limits_is_refused(robot: RobotDescription) -> None:
    with pytest.raises(ConfigError, match='share in'):
        make_motion(robot, 'multi_sine', seed=3, duration=20.0, velocity_share=1.1)
