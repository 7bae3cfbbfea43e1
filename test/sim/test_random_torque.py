# SPDX-License-Identifier: Apache-2.0
"""Tests of the random torque that lets a model learn what torque does."""

from dataclasses import replace

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.sim.collection import training_plan
from lstm_dynamics_ros.sim.random_torque import RandomTorque
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulate import simulate
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRobot
import numpy as np

LEVEL = np.array([2.0, 0.3])


def made(robot: RobotDescription, steps: int, seed: int = 0) -> Matrix:
    torque, block = RandomTorque(LEVEL, seed), SimulatedRobot(robot).advance(1)
    return np.array([torque(block) for _ in range(steps)])


def test_it_has_the_level_and_the_memory_it_should(robot: RobotDescription) -> None:
    torque = made(robot, 40_000)
    np.testing.assert_allclose(torque.std(axis=0), LEVEL, rtol=0.05)
    np.testing.assert_allclose(torque.mean(axis=0), 0.0, atol=0.1 * LEVEL.max())
    after = [np.corrcoef(torque[4:, j], torque[:-4, j])[0, 1] for j in range(2)]
    np.testing.assert_allclose(after, np.exp(-1.0), atol=0.05)  # 4 periods of 5 ms
    assert abs(np.mean(torque[:, 0] * torque[:, 1])) < 0.1 * LEVEL.prod()


def test_the_seed_decides(robot: RobotDescription) -> None:
    np.testing.assert_array_equal(made(robot, 5), made(robot, 5))
    assert not np.allclose(made(robot, 5), made(robot, 5, seed=1))


def test_it_reaches_the_drives_of_a_planned_run(robot: RobotDescription) -> None:
    planned = replace(training_plan(robot, 1, duration=6.0)[0], excitation=0.02)
    torque = planned.random_torque(robot)
    run = simulate(robot, planned.motion(robot), seed=planned.seed, corrector=torque)
    level = np.sqrt(np.mean(run.correction**2, axis=0))
    np.testing.assert_allclose(level, 0.02 * robot.effort_limit, rtol=0.4)
