# SPDX-License-Identifier: Apache-2.0
"""Tests of friction along a motion, against the physics engine and by hand."""

from dataclasses import replace

from lstm_dynamics_ros.sim.friction import friction_along
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.plant import Plant
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np
import pytest

SLIP = 0.4 * 1.0  # force of each Maxwell-slip element of the turntable [N m]


@pytest.mark.parametrize('speed', [0.02, 0.05, 0.5, -1.0])
def test_at_constant_speed_it_is_the_stribeck_curve(
    turntable: RobotDescription, speed: float
) -> None:
    velocity = np.full((3000, 1), speed)

    torque = friction_along(turntable, HiddenPhysics(friction_scale=2.0), velocity)

    level = 1.0 + 0.5 * np.exp(-((speed / 0.05) ** 2))
    np.testing.assert_allclose(torque[-1], 2.0 * (np.sign(speed) * level + 0.6 * speed))


def test_a_tiny_motion_meets_a_spring(turntable: RobotDescription) -> None:
    velocity = np.full((10, 1), 1e-3)

    torque = friction_along(turntable, HiddenPhysics(), velocity)

    bristle = 600.0 * 1e-5 + 3.0 * 1e-3 + 0.6 * 1e-3
    np.testing.assert_allclose(torque[-1], bristle, rtol=0.01)


def test_maxwell_elements_yield_and_remember(turntable: RobotDescription) -> None:
    hidden = HiddenPhysics(maxwell_slip=True)
    velocity = np.full((200, 1), 0.5)
    velocity[100:] = -0.5  # 0.05 rad forth, 0.05 rad back: both elements yield both ways

    with_slip = friction_along(turntable, hidden, velocity)
    without = friction_along(turntable, replace(hidden, maxwell_slip=False), velocity)

    np.testing.assert_allclose((with_slip - without)[[99, 199]], [[2 * SLIP], [-2 * SLIP]])


def test_the_engine_spends_the_same_torque(turntable: RobotDescription) -> None:
    hidden = HiddenPhysics(cogging_scale=0.0, lag=0.0)
    plant = Plant(turntable, hidden)
    plant.reset(np.zeros(1), np.zeros(1))
    n = 3000
    velocity, effort = np.empty((n, 1)), np.empty((n, 1))
    for k in range(n):
        velocity[k] = plant.velocity
        plant.step(np.array([2.5 * np.sin(2.0 * np.pi * 0.7 * k * 1e-3)]))
        effort[k] = plant.effort

    acceleration = np.diff(velocity, axis=0) / 1e-3
    measured = effort[:-1] - 0.5 * acceleration

    expected = friction_along(turntable, hidden, velocity)[:-1]
    error = np.sqrt(np.mean((measured - expected) ** 2))
    assert error < 0.05 * np.sqrt(np.mean(expected**2))
