# SPDX-License-Identifier: Apache-2.0
"""Tests of what the inner controller computes from its model."""

from dataclasses import replace

from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.inner_law import ComputedTorqueLaw, FeedForward, GravityCompensation
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRobot
import numpy as np

IDEAL = HiddenPhysics(friction_scale=0.0, cogging_scale=0.0)


def reference_of(robot: RobotDescription) -> JointPath:
    n = len(robot.links)
    return JointPath(robot.home + 0.1, np.full(n, 0.2), np.full(n, 0.3))


def test_feed_forward_looks_at_the_reference_alone(robot: RobotDescription) -> None:
    model, reference = NominalModel(robot), reference_of(robot)

    torque = FeedForward().torque(model, robot.home, 0.0 * robot.home, reference).copy()

    np.testing.assert_array_equal(torque, NominalModel(robot).torque(*reference))


def test_gravity_compensation_holds_the_robot_where_it_is(robot: RobotDescription) -> None:
    rest = np.zeros_like(robot.home)

    torque = GravityCompensation().torque(
        NominalModel(robot), robot.home, rest + 1.0, reference_of(robot)
    )

    np.testing.assert_array_equal(torque, NominalModel(robot).torque(robot.home, rest, rest))


def test_computed_torque_asks_for_a_critically_damped_error(robot: RobotDescription) -> None:
    reference, velocity = reference_of(robot), np.full(len(robot.links), 0.05)

    torque = ComputedTorqueLaw(20.0).torque(NominalModel(robot), robot.home, velocity, reference)

    wanted = reference.acceleration + 400.0 * 0.1 + 40.0 * (0.2 - 0.05)
    np.testing.assert_allclose(torque, NominalModel(robot).torque(robot.home, velocity, wanted))


def test_under_computed_torque_an_ideal_turntable_follows_the_second_order_response(
    turntable: RobotDescription,
) -> None:
    robot = SimulatedRobot(replace(turntable), IDEAL, law=ComputedTorqueLaw(10.0))
    goal = np.array([0.05])

    position = []
    for _ in range(40):  # a reference step, streamed so that it does not time out
        robot.set_reference(goal, np.zeros(1), np.zeros(1))
        position.append(robot.advance(10).true_position[:, 0])

    time = np.arange(400) * 1e-3
    expected = goal[0] * (1.0 - (1.0 + 10.0 * time) * np.exp(-10.0 * time))
    np.testing.assert_allclose(np.concatenate(position), expected, atol=0.02 * goal[0])
