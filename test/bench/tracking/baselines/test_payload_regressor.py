# SPDX-License-Identifier: Apache-2.0
"""Tests of the payload regressor."""

from lstm_dynamics_bench.tracking.baselines.payload_regressor import PayloadRegressor
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot
import numpy as np
import pytest


@pytest.mark.parametrize('name', ['arm', 'pendulum'])
def test_columns_times_parameters_are_the_torque_of_a_point_mass(name: str) -> None:
    robot = load_robot(name)
    rng = np.random.default_rng(1)
    n, mass, place = len(robot.links), 1.7, np.array([0.002, -0.003, 0.004])
    state = robot.home + rng.normal(0.0, 0.1, n), rng.normal(size=n), rng.normal(size=n)
    loaded = NominalModel(robot, point_mass=mass, at=place).torque(*state).copy()
    torque = loaded - NominalModel(robot).torque(*state)

    columns = PayloadRegressor(robot).columns(*state)

    np.testing.assert_allclose(columns @ [mass, *(mass * place)], torque, atol=2e-3)
