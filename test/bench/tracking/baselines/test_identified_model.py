# SPDX-License-Identifier: Apache-2.0
"""Tests of the identification."""

from dataclasses import replace

from lstm_dynamics_bench.tracking.baselines.identified_model import (
    IdentifiedModel,
    identify,
    PayloadRegressor,
)
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.sim.friction import friction_along
from lstm_dynamics_ros.sim.motions import make_motion, Motion
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.simulate import simulate
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun
import numpy as np
import pytest

ROBOT = load_robot('pendulum')
HIDDEN = replace(ROBOT.hidden, payload=0.8)


def motion(seed: int) -> Motion:
    return make_motion(ROBOT, 'multi_sine', seed=seed, duration=8.0)


def record(seed: int) -> SimulatedRun:
    return simulate(ROBOT, motion(seed), hidden=HIDDEN, seed=seed)


def test_it_recovers_the_parameters_of_torques_made_with_them() -> None:
    reference = motion(0)
    mass, place = 0.6, np.array([0.02, 0.0, -0.03])
    coulomb, viscous = np.array([1.2, 0.5]), np.array([0.7, 0.2])
    model = NominalModel(ROBOT, point_mass=mass, at=place)
    effort = model.torques(reference.position, reference.velocity, reference.acceleration)
    effort += coulomb * np.tanh(reference.velocity / 0.5) + viscous * reference.velocity
    run = replace(record(0), position=reference.position, effort=effort)

    found = identify(ROBOT, [run], smoothing=0.5)

    np.testing.assert_allclose(found.coulomb, coulomb, rtol=0.03)
    np.testing.assert_allclose(found.viscous, viscous, rtol=0.06)
    # the pendulum is planar: nothing can be known of the first moment along its axes
    np.testing.assert_allclose(found.load[[0, 1, 3]], [mass, *(mass * place[[0, 2]])], atol=0.01)
    assert found.residual < 0.02


def test_it_explains_most_of_what_a_real_run_takes_beyond_the_nominal_model() -> None:
    model = identify(ROBOT, [record(0), record(1)])
    reference = motion(7)
    state = reference.position, reference.velocity, reference.acceleration
    nominal = NominalModel(ROBOT).torques(*state)
    truth = NominalModel(ROBOT, payload=0.8).torques(*state) - nominal
    truth += friction_along(ROBOT, HIDDEN, reference.velocity)

    mass, at = model.point()
    fitted = NominalModel(ROBOT, point_mass=mass, at=at).torques(*state) - nominal
    fitted += model.friction(reference.velocity, 0.02)

    left = np.sqrt(np.mean((truth - fitted) ** 2, axis=0) / np.mean(truth**2, axis=0))
    assert left.max() < 0.35


def test_friction_is_smoothed_coulomb_plus_viscous() -> None:
    model = IdentifiedModel(
        load=np.zeros(4), coulomb=np.array([3.0]), viscous=np.array([0.5]), residual=0.0
    )

    torque = model.friction(np.array([0.02]), 0.02)

    np.testing.assert_allclose(torque, 3.0 * np.tanh(1.0) + 0.01)


def test_a_load_without_mass_stays_a_point_that_can_be_simulated() -> None:
    model = IdentifiedModel(
        load=np.zeros(4), coulomb=np.zeros(1), viscous=np.zeros(1), residual=0.0
    )

    mass, at = model.point()

    assert mass > 0.0
    np.testing.assert_array_equal(at, 0.0)


def test_runs_too_short_to_fit_are_refused() -> None:
    with pytest.raises(DataError, match='longer than'):
        identify(ROBOT, [])


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
