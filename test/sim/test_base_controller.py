# SPDX-License-Identifier: Apache-2.0
"""Tests of the inner controller."""

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.base_controller import BaseController
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np
import pytest


def resting(controller: BaseController, robot: RobotDescription) -> Vector:
    """Return the command of a robot that is where it should be."""
    zero = np.zeros(len(robot.links))
    return controller.step(zero, zero, zero, zero, zero).copy()


def test_the_command_is_pd_plus_feedforward(robot: RobotDescription) -> None:
    n = len(robot.links)
    q, dq, ref_q, ref_dq, torque = np.random.default_rng(0).normal(size=(5, n)) * 1e-2

    command = BaseController(robot).step(q, dq, ref_q, ref_dq, torque)

    expected = robot.stiffness * (ref_q - q) + robot.damping * (ref_dq - dq) + torque
    np.testing.assert_allclose(command, expected)


def test_the_command_stays_within_the_limits(robot: RobotDescription) -> None:
    n = len(robot.links)
    far = np.full(n, 10.0)

    command = BaseController(robot).step(np.zeros(n), np.zeros(n), far, far, far)

    np.testing.assert_array_equal(command, robot.effort_limit)


def test_a_correction_counts_for_exactly_100_ms_and_then_fades(robot: RobotDescription) -> None:
    controller = BaseController(robot)
    correction = 0.1 * robot.effort_limit
    controller.correct(correction)

    commands = np.array([resting(controller, robot) for _ in range(150)])

    np.testing.assert_allclose(commands[:100], np.tile(correction, (100, 1)))
    fading = commands[100:120] / correction
    assert np.all(np.diff(fading, axis=0) < 0.0)
    np.testing.assert_allclose(-np.diff(fading, axis=0), 0.05)
    np.testing.assert_array_equal(commands[119:], 0.0)


def test_a_new_correction_replaces_the_old_one(robot: RobotDescription) -> None:
    controller = BaseController(robot)
    controller.correct(0.1 * robot.effort_limit)
    resting(controller, robot)
    controller.correct(-0.2 * robot.effort_limit)

    np.testing.assert_allclose(resting(controller, robot), -0.2 * robot.effort_limit)


def test_a_correction_that_is_not_finite_is_refused_and_counted(robot: RobotDescription) -> None:
    controller = BaseController(robot)
    torque = np.ones(len(robot.links))
    torque[0] = np.nan

    controller.correct(torque)

    assert controller.rejected == 1
    np.testing.assert_array_equal(resting(controller, robot), 0.0)


def test_a_correction_for_another_robot_is_refused(robot: RobotDescription) -> None:
    with pytest.raises(ShapeError, match='Correction must have shape'):
        BaseController(robot).correct(np.zeros(len(robot.links) + 1))


def test_reset_forgets_the_correction(robot: RobotDescription) -> None:
    controller = BaseController(robot)
    controller.correct(0.1 * robot.effort_limit)
    resting(controller, robot)

    controller.reset()

    np.testing.assert_array_equal(resting(controller, robot), 0.0)
