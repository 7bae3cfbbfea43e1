# SPDX-License-Identifier: Apache-2.0
"""Tests for excitation.py."""

from importlib.util import find_spec
from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError, DataError, JointNamesError
from lstm_dynamics_ros.workflows.excitation import embedded_robot, robot_of_files, without_efforts
import numpy as np
import pytest

URDF = """<robot name="arm"><link name="base"/>
<link name="l1"><inertial><origin xyz="0 0 0.25"/><mass value="2"/>
<inertia ixx="0.03" iyy="0.03" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial></link>
<link name="l2"/><link name="l3"/><link name="tip"/>
<joint name="shoulder" type="revolute"><parent link="base"/><child link="l1"/><axis xyz="0 1 0"/>
<limit lower="-1.5" upper="2" effort="40" velocity="3"/></joint>
<joint name="slide" type="prismatic"><parent link="l1"/><child link="l2"/>
<limit lower="0" upper="0.3" effort="80" velocity="0.5"/></joint>
<joint name="finger" type="revolute"><parent link="l2"/><child link="l3"/><mimic joint="slide"/>
<limit lower="0" upper="1" effort="1" velocity="1"/></joint>
<joint name="flange" type="fixed"><parent link="l2"/><child link="tip"/></joint></robot>"""


@pytest.fixture
def urdf(tmp_path: Path) -> Path:
    path = tmp_path / 'arm.urdf'
    path.write_text(URDF)
    return path


@pytest.fixture
def limits_file(tmp_path: Path) -> Path:
    path = tmp_path / 'joint_limits.yaml'
    path.write_text(
        '/**:\n  ros__parameters:\n    joint_limits:\n'
        '      shoulder: {has_velocity_limits: true, max_velocity: 1.0, '
        'has_acceleration_limits: true, max_acceleration: 5.0}\n'
        '      slide: {has_acceleration_limits: false, max_acceleration: 9.0}\n'
    )
    return path


def test_the_joints_that_move_by_themselves_are_those_of_the_urdf(urdf: Path) -> None:
    limits = robot_of_files(urdf, None, (), ()).limits

    assert limits.joint_names == ('shoulder', 'slide')
    assert limits.joint_types == ('revolute', 'prismatic')
    np.testing.assert_array_equal(limits.lower, [-1.5, 0.0])
    np.testing.assert_array_equal(limits.velocity, [3.0, 0.5])
    np.testing.assert_array_equal(limits.effort, [40.0, 80.0])


def test_a_limits_file_counts_before_the_urdf(urdf: Path, limits_file: Path) -> None:
    limits = robot_of_files(urdf, limits_file, (), ()).limits

    np.testing.assert_array_equal(limits.velocity, [1.0, 0.5])
    np.testing.assert_array_equal(limits.acceleration, [5.0, np.inf])


def test_joints_are_those_asked_for_in_that_order(urdf: Path) -> None:
    robot = robot_of_files(urdf, None, ('slide', 'shoulder'), (0.1, -0.5))

    assert robot.limits.joint_names == ('slide', 'shoulder')
    np.testing.assert_array_equal(robot.limits.home, [0.1, -0.5])
    np.testing.assert_array_equal(robot.limits.upper, [0.3, 2.0])


def test_a_limits_file_alone_is_enough(limits_file: Path) -> None:
    robot = robot_of_files(None, limits_file, (), ())

    assert robot.limits.joint_names == ('shoulder', 'slide')
    assert robot.efforts is None
    assert 'shoulder has no lower, upper limit.' in robot.limits.missing()


@pytest.mark.skipif(not find_spec('pinocchio'), reason='the rigid-body prior is pinocchio')
def test_efforts_are_those_of_the_urdf(urdf: Path) -> None:
    robot = robot_of_files(urdf, None, ('shoulder',), ())
    assert robot.efforts is not None

    tilted = robot.efforts(np.array([[0.3]]), np.zeros((1, 1)), np.zeros((1, 1)))

    assert tilted[0, 0] == pytest.approx(-2.0 * 9.81 * 0.25 * np.sin(0.3))
    assert without_efforts(robot).efforts is None


def test_an_embedded_robot_brings_everything() -> None:
    pytest.importorskip('mujoco', reason='the nominal model needs the engine')
    robot = embedded_robot('pendulum', (), ())

    assert robot.limits.missing() == []
    assert robot.limits.misplaced() == []
    assert robot.amplitude == (1.2, 1.4)
    assert robot.efforts is not None


def test_another_selection_of_an_embedded_robot_is_refused() -> None:
    pytest.importorskip('mujoco', reason='the nominal model needs the engine')
    with pytest.raises(ConfigError, match='All joints of pendulum move at once'):
        embedded_robot('pendulum', ('joint2',), ())


def test_a_joint_that_the_urdf_lacks_is_refused(urdf: Path) -> None:
    with pytest.raises(JointNamesError, match='elbow'):
        robot_of_files(urdf, None, ('elbow',), ())


def test_a_home_of_the_wrong_length_is_refused(urdf: Path) -> None:
    with pytest.raises(ConfigError, match='--home needs 2 values, one per joint, got 1'):
        robot_of_files(urdf, None, (), (0.0,))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('<robot xmlns:xacro="http://www.ros.org/wiki/xacro"/>', 'xacro file. Run'),
        ('<robot><link name="a"/></robot>', 'no joint that moves'),
        ('no xml', 'is not XML'),
        ('<!DOCTYPE robot><robot/>', 'document type'),
    ],
)
def test_a_file_that_is_no_urdf_is_refused(urdf: Path, text: str, message: str) -> None:
    urdf.write_text(text)
    with pytest.raises(DataError, match=message):
        robot_of_files(urdf, None, (), ())


@pytest.mark.parametrize(
    ('text', 'message'), [('joints: {}', 'no mapping "joint_limits"'), ('{a: [', 'not valid YAML')]
)
def test_a_file_without_limits_is_refused(limits_file: Path, text: str, message: str) -> None:
    limits_file.write_text(text)
    with pytest.raises((ConfigError, DataError), match=message):
        robot_of_files(None, limits_file, (), ())


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='Cannot read'):
        robot_of_files(tmp_path / 'no.urdf', None, (), ())


def test_an_acceleration_that_is_no_number_is_refused(limits_file: Path) -> None:
    limits_file.write_text('joint_limits: {a: {max_acceleration: fast}}')
    with pytest.raises(ConfigError, match='max_acceleration of a must be a number'):
        robot_of_files(None, limits_file, (), ())
