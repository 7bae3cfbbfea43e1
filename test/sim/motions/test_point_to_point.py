# SPDX-License-Identifier: Apache-2.0
"""Tests of moves between postures."""

from lstm_dynamics_ros.sim.motions import make_motion
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np


def test_the_robot_rests_between_moves(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'point_to_point', seed=3, duration=30.0)

    resting = np.all(motion.velocity == 0.0, axis=1)
    assert 0.05 < resting.mean() < 0.8
    assert np.count_nonzero(np.diff(resting.astype(int)) == 1) >= 5  # as many moves ended


def test_all_joints_start_and_stop_together(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'point_to_point', seed=3, duration=30.0)

    moving = motion.velocity != 0.0
    np.testing.assert_array_equal(moving.any(axis=1), moving.all(axis=1))
