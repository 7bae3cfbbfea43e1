# SPDX-License-Identifier: Apache-2.0
"""Tests of sums of sines."""

from lstm_dynamics_ros.sim.motions import make_motion
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np


def power_below(robot: RobotDescription, speed: float, frequency: float) -> float:
    """Return the share of the power of all joints below a frequency [Hz]."""
    motion = make_motion(robot, 'multi_sine', seed=1, duration=40.0, speed=speed)
    power = np.abs(
        np.fft.rfft((motion.position - robot.home) * np.hanning(40_000)[:, None], axis=0)
    )
    frequencies = np.fft.rfftfreq(40_000, 0.001)
    total = (power**2).sum()
    return float((power[frequencies <= frequency] ** 2).sum() / total)


def test_the_motion_has_no_power_above_its_highest_frequency(robot: RobotDescription) -> None:
    assert power_below(robot, 1.0, 1.0) > 0.999


def test_half_the_speed_has_half_the_frequencies(robot: RobotDescription) -> None:
    assert power_below(robot, 0.5, 0.5) > 0.998
