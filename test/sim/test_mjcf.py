# SPDX-License-Identifier: Apache-2.0
"""Tests of the MuJoCo models."""

from dataclasses import replace

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.sim.mjcf import nominal_mjcf, real_mjcf
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
import mujoco
import numpy as np
import pytest


def craig(a: float, d: float, alpha: float, theta: float) -> Matrix:
    """Return the transform of one row of modified Denavit-Hartenberg parameters."""
    ca, sa, ct, st = np.cos(alpha), np.sin(alpha), np.cos(theta), np.sin(theta)
    return np.array(
        [
            [ct, -st, 0.0, a],
            [st * ca, ct * ca, -sa, -d * sa],
            [st * sa, ct * sa, ca, d * ca],
            [0.0, 0.0, 0.0, 1.0],
        ]
    )


def test_the_nominal_model_does_not_know_the_payload(robot: RobotDescription) -> None:
    nominal = mujoco.MjModel.from_xml_string(nominal_mjcf(robot))
    hidden = replace(robot.hidden, payload=0.7)
    real = mujoco.MjModel.from_xml_string(real_mjcf(robot, hidden))

    assert real.body_mass.sum() - nominal.body_mass.sum() == pytest.approx(0.7)


def test_the_arm_reaches_where_the_published_kinematics_say() -> None:
    model = mujoco.MjModel.from_xml_string(nominal_mjcf(load_robot('arm')))
    data = mujoco.MjData(model)
    data.qpos[:] = np.random.default_rng(0).uniform(-1.0, 1.0, 7)

    mujoco.mj_kinematics(model, data)

    # Source: Franka Control Interface documentation, Denavit-Hartenberg parameters (Craig).
    quarter = np.pi / 2.0
    a = [0.0, 0.0, 0.0, 0.0825, -0.0825, 0.0, 0.088, 0.0]
    d = [0.333, 0.0, 0.316, 0.0, 0.384, 0.0, 0.0, 0.107]
    alpha = [0.0, -quarter, quarter, quarter, -quarter, quarter, quarter, 0.0]
    pose = np.eye(4)
    for row in zip(a, d, alpha, [*data.qpos, 0.0], strict=True):
        pose = pose @ craig(*row)
    np.testing.assert_allclose(data.body('hand').xpos, pose[:3, 3], atol=1e-12)
    np.testing.assert_allclose(data.body('hand').xmat.reshape(3, 3), pose[:3, :3], atol=1e-12)


def test_the_nominal_model_has_no_friction(robot: RobotDescription) -> None:
    nominal = mujoco.MjModel.from_xml_string(nominal_mjcf(robot))

    assert not np.any(nominal.dof_damping)
    assert not np.any(nominal.dof_frictionloss)
    assert nominal.na == 0


def test_bodies_to_look_at_change_no_mass(robot: RobotDescription) -> None:
    bare = mujoco.MjModel.from_xml_string(nominal_mjcf(robot))
    shaped = mujoco.MjModel.from_xml_string(nominal_mjcf(robot, shapes=True))

    assert shaped.ngeom > bare.ngeom
    np.testing.assert_array_equal(shaped.body_mass, bare.body_mass)


def test_the_dead_time_is_rounded_to_whole_steps(robot: RobotDescription) -> None:
    hidden = replace(robot.hidden, delay=0.0034)
    model = mujoco.MjModel.from_xml_string(real_mjcf(robot, hidden))

    np.testing.assert_allclose(model.actuator_delay, 0.003)


def test_maxwell_slip_adds_two_yielding_springs_per_joint(robot: RobotDescription) -> None:
    hidden = replace(robot.hidden, maxwell_slip=True)
    model = mujoco.MjModel.from_xml_string(real_mjcf(robot, hidden))

    assert model.ntendon == 2 * len(robot.joints)
