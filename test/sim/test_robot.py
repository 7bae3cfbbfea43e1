# SPDX-License-Identifier: Apache-2.0
"""Tests of the robot files."""

from pathlib import Path

from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.sim.robot import known_robots, load_robot, read_robot, RobotDescription
import numpy as np
import pytest


def edited(tmp_path: Path, old: str, new: str) -> Path:
    """Return a copy of the pendulum's file with one edit."""
    text = asset('config/robots/pendulum.yaml').read_text(encoding='utf-8')
    assert old in text
    path = tmp_path / 'edited.yaml'
    path.write_text(text.replace(old, new, 1), encoding='utf-8')
    return path


def test_both_embedded_robots_are_known() -> None:
    assert {'arm', 'pendulum'} <= set(known_robots())


def test_the_joints_are_named_in_order_from_the_base() -> None:
    assert load_robot('arm').joint_names == tuple(f'joint{k}' for k in range(1, 8))
    assert load_robot('pendulum').joint_names == ('joint1', 'joint2')


def test_the_links_of_the_arm_weigh_what_its_maker_publishes() -> None:
    masses = [link.mass for link in load_robot('arm').links]

    # franka_description, robots/fer/inertials.yaml
    published = [4.970684, 0.646926, 3.228604, 3.587895, 1.225946, 1.666555, 0.735522]
    assert masses == published


def test_every_robot_carries_a_harsh_but_bounded_hidden_physics(robot: RobotDescription) -> None:
    assert 0.0 < robot.hidden.payload <= robot.payload.maximum
    for joint in robot.joints:
        assert 0.0 < joint.friction.coulomb <= joint.friction.static < joint.effort_limit


def test_an_unknown_robot_is_reported_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"'amr'\. Known: arm, pendulum.* 'arm'"):
        load_robot('amr')


def test_a_robot_file_of_ones_own_is_read_by_its_path(tmp_path: Path) -> None:
    path = edited(tmp_path, 'name: pendulum', 'name: swing')

    assert load_robot(str(path)).name == 'swing'


def test_a_misspelt_setting_is_reported_with_its_place(tmp_path: Path) -> None:
    path = edited(tmp_path, 'stiffness: 200', 'stifness: 200')

    with pytest.raises(UnknownNameError, match=r"'links\.0\.joint\.stiffness'"):
        read_robot(path)


def test_a_misspelt_section_is_reported(tmp_path: Path) -> None:
    path = edited(tmp_path, 'hidden:', 'hiden:')

    with pytest.raises(UnknownNameError, match="Did you mean 'hidden'"):
        read_robot(path)


def test_an_inertia_of_the_wrong_length_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, '[0.012, 0.012, 0.001, 0.0, 0.0, 0.0]', '[0.012, 0.012, 0.001]')

    with pytest.raises(ConfigError, match='inertia of lower must have 6 values, got 3'):
        read_robot(path)


def test_a_motion_beyond_the_range_of_a_joint_is_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, 'amplitude: 1.2', 'amplitude: 2.0')

    with pytest.raises(ConfigError, match=r'joint1 would move over .* outside of its range'):
        read_robot(path)


def test_two_joints_of_one_name_are_refused(tmp_path: Path) -> None:
    path = edited(tmp_path, 'name: joint2', 'name: joint1')

    with pytest.raises(ConfigError, match='joints need different names'):
        read_robot(path)


def test_broken_yaml_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / 'broken.yaml'
    path.write_text('links: [', encoding='utf-8')

    with pytest.raises(ConfigError, match='is not valid YAML'):
        read_robot(path)


def test_other_gains_keep_the_damping_ratio(robot: RobotDescription) -> None:
    softer = robot.with_gains(0.25)

    np.testing.assert_allclose(softer.stiffness, 0.25 * robot.stiffness)
    np.testing.assert_allclose(softer.damping, 0.5 * robot.damping)
    np.testing.assert_array_equal(softer.effort_limit, robot.effort_limit)
