# SPDX-License-Identifier: Apache-2.0
"""Tests of moves with sines on top."""

from lstm_dynamics_ros.sim.motions import make_motion
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np


def test_sines_go_on_where_moves_rest(robot: RobotDescription) -> None:
    motion = make_motion(robot, 'mixed', seed=3, duration=20.0)

    middle = motion.velocity[3000:17_000]
    assert np.mean(np.all(np.abs(middle) < 1e-6, axis=1)) < 0.001
