# SPDX-License-Identifier: Apache-2.0
"""Tests of the reference of embedded robots."""

from lstm_dynamics_ros.sim.motions import make_motion, Motion
from lstm_dynamics_ros.sim.reference import ReferenceGenerator
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

MS = 1_000_000  # [ns]


def short_motion(robot: RobotDescription) -> Motion:
    return make_motion(robot, 'multi_sine', seed=0, duration=4.0)


def test_without_orders_the_robot_holds_its_home(robot: RobotDescription) -> None:
    reference = ReferenceGenerator(robot).next(123 * MS)

    np.testing.assert_array_equal(reference.position, robot.home)
    np.testing.assert_array_equal(reference.velocity, 0.0)


def test_a_motion_is_followed_row_by_row_from_its_start(robot: RobotDescription) -> None:
    source, motion = ReferenceGenerator(robot), short_motion(robot)
    source.follow(motion, 50 * MS, repeat=False)

    for k in (0, 1, 2000, 3999):
        np.testing.assert_array_equal(source.next((50 + k) * MS).position, motion.position[k])


def test_after_a_motion_its_last_position_is_held(robot: RobotDescription) -> None:
    source, motion = ReferenceGenerator(robot), short_motion(robot)
    source.follow(motion, 0, repeat=False)

    reference = source.next(9000 * MS)

    np.testing.assert_array_equal(reference.position, motion.position[-1])
    np.testing.assert_array_equal(reference.velocity, 0.0)


def test_a_repeated_motion_starts_over(robot: RobotDescription) -> None:
    source, motion = ReferenceGenerator(robot), short_motion(robot)
    source.follow(motion, 0, repeat=True)

    np.testing.assert_array_equal(source.next(4100 * MS).velocity, motion.velocity[100])


def test_a_streamed_point_goes_on_with_constant_acceleration(robot: RobotDescription) -> None:
    source, one = ReferenceGenerator(robot), np.ones(len(robot.links))
    source.stream(robot.home, 0.2 * one, 2.0 * one, 0)

    reference = source.next(50 * MS)

    np.testing.assert_allclose(reference.position, robot.home + 0.2 * 0.05 + 0.5 * 2.0 * 0.05**2)
    np.testing.assert_allclose(reference.velocity, 0.2 + 2.0 * 0.05)


def test_a_stream_that_ends_becomes_a_hold(robot: RobotDescription) -> None:
    source, one = ReferenceGenerator(robot), np.ones(len(robot.links))
    source.stream(robot.home, 0.2 * one, 0.0 * one, 0)

    for now in (100 * MS, 5000 * MS):
        reference = source.next(now)
        np.testing.assert_allclose(reference.position, robot.home + 0.02)
        np.testing.assert_array_equal(reference.velocity, 0.0)
        np.testing.assert_array_equal(reference.acceleration, 0.0)


def test_a_streamed_point_out_of_range_is_clipped(robot: RobotDescription) -> None:
    source, zero = ReferenceGenerator(robot), np.zeros(len(robot.links))
    source.stream(robot.upper + 1.0, zero, zero, 0)

    np.testing.assert_array_equal(source.next(0).position, robot.upper)


def test_looking_ahead_gives_what_will_be_told(robot: RobotDescription) -> None:
    source, motion = ReferenceGenerator(robot), short_motion(robot)
    source.follow(motion, 0, repeat=False)
    stamps = np.array([3990, 3999, 4000, 4500]) * MS

    ahead = source.at(stamps)

    for k, stamp in enumerate(stamps):
        reference = source.next(int(stamp))
        np.testing.assert_array_equal(ahead.position[k], reference.position)
        np.testing.assert_array_equal(ahead.velocity[k], reference.velocity)
        np.testing.assert_array_equal(ahead.acceleration[k], reference.acceleration)


def test_looking_ahead_of_a_stream_changes_nothing(robot: RobotDescription) -> None:
    source, one = ReferenceGenerator(robot), np.ones(len(robot.links))
    source.stream(robot.home, one, one, 0)

    ahead = source.at(np.array([10 * MS, 500 * MS]))

    assert np.all(source.next(10 * MS).velocity > 0.0)
    np.testing.assert_array_equal(ahead.velocity[1], 0.0)
    np.testing.assert_array_equal(ahead.position[1], source.next(500 * MS).position)
