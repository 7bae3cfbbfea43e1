# SPDX-License-Identifier: Apache-2.0
"""Tests of the URDF of the embedded robots, against MuJoCo."""

from dataclasses import replace
from xml.etree import ElementTree

from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.urdf import nominal_urdf
import numpy as np
import pytest

ORIENTATIONS = [
    (1.0, 0.0, 0.0, 0.0),
    (0.5, 0.5, 0.5, 0.5),
    (1.0, 0.0, 1.0, 0.0),  # pitch 90 degrees, not normalised
    (1.0, 1.0, -1.0, 1.0),  # pitch -90 degrees and a roll
    (0.3, -0.2, 0.9, 0.1),
]


def prior(robot: RobotDescription) -> RigidBodyPrior:
    armature = [joint.armature for joint in robot.joints]
    return RigidBodyPrior(nominal_urdf(robot), robot.joint_names, armature=armature)


def agree(robot: RobotDescription) -> None:
    """Compare torques of random motions."""
    pytest.importorskip('pinocchio', reason='the rigid-body prior is pinocchio')
    pytest.importorskip('mujoco', reason='the nominal model is MuJoCo')
    from lstm_dynamics_ros.sim.nominal import NominalModel  # noqa: PLC0415

    q, dq, ddq = np.random.default_rng(0).uniform(-3.0, 3.0, (3, 50, len(robot.links)))
    expected = NominalModel(robot).torques(q, dq, ddq)
    np.testing.assert_allclose(prior(robot).torque(q, dq, ddq), expected, rtol=1e-9, atol=1e-10)


def test_it_is_the_robot_of_the_nominal_model(robot: RobotDescription) -> None:
    agree(robot)


@pytest.mark.parametrize('quaternion', ORIENTATIONS)
@pytest.mark.parametrize('kind', ['revolute', 'continuous', 'prismatic'])
def test_every_orientation_and_kind_of_joint_is_kept(
    robot: RobotDescription, quaternion: tuple[float, ...], kind: str
) -> None:
    tilted = tuple(replace(link, quaternion=quaternion) for link in robot.links)
    last = replace(tilted[-1].joint, type=kind, axis=(0.0, 0.6, 0.8))
    agree(
        replace(
            robot,
            base=replace(robot.base, position=(0.1, 0.2, 0.3), quaternion=quaternion),
            links=(*tilted[:-1], replace(tilted[-1], joint=last)),
            tool=replace(robot.tool, quaternion=quaternion),
        )
    )


def test_limits_are_those_of_the_robot(robot: RobotDescription) -> None:
    root = ElementTree.fromstring(nominal_urdf(robot))
    for joint in robot.joints:
        limit = root.find(f"joint[@name='{joint.name}']/limit")
        assert limit is not None
        assert float(limit.get('effort', 'nan')) == joint.effort_limit
        assert float(limit.get('velocity', 'nan')) == joint.velocity_limit
        if joint.type != 'continuous':
            got = float(limit.get('lower', 'nan')), float(limit.get('upper', 'nan'))
            assert got == (joint.lower, joint.upper)


def test_a_continuous_joint_has_no_range(turntable: RobotDescription) -> None:
    limit = ElementTree.fromstring(nominal_urdf(turntable)).find("joint[@name='turn']/limit")
    assert limit is not None
    assert set(limit.keys()) == {'effort', 'velocity'}
