# SPDX-License-Identifier: Apache-2.0
"""Tests of the nominal model, against a textbook and pinocchio."""

from pathlib import Path

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.mjcf import nominal_mjcf
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
import numpy as np
import pytest

GRAVITY = 9.81  # [m/s^2]


def double_pendulum(robot: RobotDescription, q: Vector, dq: Vector, ddq: Vector) -> Vector:
    """Return the torque of a planar double pendulum, written out by hand.

    Source: M. Spong et al., Robot Modeling and Control, section 7.4, angles from hanging down.
    """
    upper, lower = robot.links
    length = -lower.position[2]
    clamp, at = robot.tool.mass, -robot.tool.position[2]
    m1, c1 = upper.mass, -upper.center_of_mass[2]
    m2 = lower.mass + clamp
    c2 = (lower.mass * -lower.center_of_mass[2] + clamp * at) / m2
    i1 = upper.inertia[1]
    i2 = (
        lower.inertia[1]
        + lower.mass * (c2 + lower.center_of_mass[2]) ** 2
        + robot.tool.inertia[1]
        + clamp * (c2 - at) ** 2
    )
    a1, a2 = (joint.armature for joint in robot.joints)
    coupling = m2 * length * c2
    m22 = i2 + m2 * c2**2
    m12 = m22 + coupling * np.cos(q[1])
    m11 = i1 + m1 * c1**2 + m2 * length**2 + m22 + 2.0 * coupling * np.cos(q[1])
    bend = coupling * np.sin(q[1])
    g2 = GRAVITY * m2 * c2 * np.sin(q[0] + q[1])
    g1 = GRAVITY * (m1 * c1 + m2 * length) * np.sin(q[0]) + g2
    return np.array(
        [
            (m11 + a1) * ddq[0] + m12 * ddq[1] - bend * (2.0 * dq[0] * dq[1] + dq[1] ** 2) + g1,
            m12 * ddq[0] + (m22 + a2) * ddq[1] + bend * dq[0] ** 2 + g2,
        ]
    )


def test_the_pendulum_is_the_double_pendulum_of_the_textbook() -> None:
    robot = load_robot('pendulum')
    model = NominalModel(robot)
    rng = np.random.default_rng(0)

    for _ in range(50):
        q, dq, ddq = rng.uniform(-1.5, 1.5, (3, 2)) * np.array([[1.0], [3.0], [20.0]])
        np.testing.assert_allclose(
            model.torque(q, dq, ddq), double_pendulum(robot, q, dq, ddq), rtol=1e-9, atol=1e-9
        )


def test_every_robot_agrees_with_pinocchio(robot: RobotDescription, tmp_path: Path) -> None:
    pinocchio = pytest.importorskip('pinocchio', reason='pinocchio is not installed')
    path = tmp_path / 'nominal.xml'
    path.write_text(nominal_mjcf(robot), encoding='utf-8')
    theirs = pinocchio.buildModelFromMJCF(str(path))
    scratch = theirs.createData()
    ours = NominalModel(robot)
    rng = np.random.default_rng(0)

    for _ in range(20):
        q, dq, ddq = rng.uniform(-2.0, 2.0, (3, len(robot.links)))
        expected = pinocchio.rnea(theirs, scratch, q, dq, ddq)
        np.testing.assert_allclose(ours.torque(q, dq, ddq), expected, atol=1e-10)


def test_many_states_at_once_are_the_single_ones_in_order(robot: RobotDescription) -> None:
    model = NominalModel(robot)
    q, dq, ddq = np.random.default_rng(1).normal(size=(3, 4, len(robot.links)))

    together = model.torques(q, dq, ddq)

    for k in range(4):
        np.testing.assert_array_equal(together[k], model.torque(q[k], dq[k], ddq[k]))


def test_a_point_mass_adds_its_inertia_about_the_axis(turntable: RobotDescription) -> None:
    rest, acceleration = np.zeros(1), np.array([2.0])
    empty = NominalModel(turntable).torque(rest, rest, acceleration).copy()

    loaded = NominalModel(turntable, point_mass=3.0, at=(0.3, 0.4, 0.1)).torque(
        rest, rest, acceleration
    )

    np.testing.assert_allclose(loaded - empty, 3.0 * 0.5**2 * 2.0)


def test_the_tool_hangs_at_the_end_of_the_links() -> None:
    robot = load_robot('pendulum')

    path = NominalModel(robot).tool_path(np.array([[0.0, 0.0], [np.pi / 2, 0.0]]))

    np.testing.assert_allclose(path, [[0.0, 0.0, -0.75], [-0.75, 0.0, 0.0]], atol=1e-12)
