# SPDX-License-Identifier: Apache-2.0
"""Tests for model_choices.py, which needs no ROS."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.control import CONTROLLERS
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.nodes.model_choices import (
    candidates,
    joint_limits,
    prediction_only,
    rigid_body,
)
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.safety.arming import ArmingSettings
from lstm_dynamics_ros.safety.joint_limits import JointLimitSettings
from lstm_dynamics_ros.safety.state import State, StateMachine
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
import numpy as np
import pytest

URDF = nominal_urdf(load_robot('pendulum'))
NAMES = ('joint1', 'joint2')


@pytest.fixture(scope='module')
def card(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> ModelCard:
    path = make_model(
        tmp_path_factory.mktemp('model') / 'm.onnx',
        kind='motion',
        disturbance_bandwidth=20.0,
        error_gain=(1.0, 30.0),
        effort_limits=(20.0, None),
        washout=200,
    )
    return load_model(path).card


def test_a_controller_that_is_named_has_no_alternative() -> None:
    assert candidates('pd_gravity') == ('pd_gravity',)
    assert candidates('auto')[-1] == 'none'
    assert set(candidates('auto')) <= set(CONTROLLERS)


def test_what_is_given_comes_before_the_description(card: ModelCard) -> None:
    settings = NodeSettings(limits=JointLimitSettings(lower=(-1.0, -1.0), velocity=(0.5, 0.6)))
    limits = joint_limits(settings, card, NAMES, URDF)
    np.testing.assert_array_equal(limits.lower, [-1.0, -1.0])
    np.testing.assert_array_equal(limits.upper, [2.2, 2.4])
    np.testing.assert_array_equal(limits.velocity, [0.5, 0.6])


def test_effort_is_limited_by_card_and_description_unless_given(card: ModelCard) -> None:
    limits = joint_limits(NodeSettings(), card, NAMES, URDF)
    np.testing.assert_array_equal(limits.effort, [20.0, 25.0])
    given = NodeSettings(limits=JointLimitSettings(effort=(70.0, 5.0)))
    np.testing.assert_array_equal(joint_limits(given, card, NAMES, URDF).effort, [70.0, 5.0])


def test_the_description_uses_the_names_of_the_robot(card: ModelCard) -> None:
    text = URDF.replace('"joint1"', '"left_joint1"').replace('"joint2"', '"left_joint2"')
    limits = joint_limits(NodeSettings(), card, ('left_joint1', 'left_joint2'), text)
    np.testing.assert_array_equal(limits.upper, [2.2, 2.4])


def test_limits_that_contradict_each_other_are_refused(card: ModelCard) -> None:
    settings = NodeSettings(limits=JointLimitSettings(lower=(5.0, 5.0)))
    with pytest.raises(ConfigError, match='lower limit of joint 0 must be below'):
        joint_limits(settings, card, NAMES, URDF)


def test_without_a_urdf_there_is_no_rigid_body(card: ModelCard, tmp_path: Path) -> None:
    assert rigid_body(NodeSettings(), card) is None
    pytest.importorskip('pinocchio')
    with pytest.raises(DataError, match='There is no URDF file'):
        rigid_body(NodeSettings(urdf=str(tmp_path / 'no.urdf')), card)
    file = tmp_path / 'robot.urdf'
    file.write_text(URDF)
    prior = rigid_body(NodeSettings(urdf=str(file), armature=(0.1, 0.2)), card)
    assert prior is not None
    np.testing.assert_array_equal(prior.armature, [0.1, 0.2])


def test_a_gain_or_washout_out_of_bounds_leaves_prediction(card: ModelCard) -> None:
    gain, washout = prediction_only(card, ArmingSettings(max_washout=0.5))
    assert 'gain of 30' in gain
    assert 'needs 1 s to forget' in washout
    assert prediction_only(card, ArmingSettings(max_error_gain=50.0)) == []


def test_auto_takes_what_the_model_allows_and_says_why_not_more(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    def engine(path: Path, **more: object) -> Engine:
        settings = NodeSettings(model=str(path), **more)  # type: ignore[arg-type]
        return Engine(settings, StateMachine(State.WAITING))

    motion = make_model(tmp_path / 'motion.onnx', kind='motion', disturbance_bandwidth=20.0)
    assert (engine(motion).controller, engine(motion).remark) == ('feedforward_dob', '')
    forward = make_model(tmp_path / 'forward.onnx')
    plain = engine(forward)
    assert plain.controller == 'none'
    assert 'feedforward_dob cannot be used' in plain.remark
    assert 'disturbance_observer cannot be used' in plain.remark
    pytest.importorskip('pinocchio')
    file = tmp_path / 'robot.urdf'
    file.write_text(URDF)
    assert engine(forward, urdf=str(file)).controller == 'disturbance_observer'


def test_a_named_controller_that_does_not_fit_is_refused(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    forward = make_model(tmp_path / 'forward.onnx')
    with pytest.raises(ConfigError, match='A feed-forward needs an inverse'):
        Engine(
            NodeSettings(model=str(forward), controller='feedforward'),
            StateMachine(State.WAITING),
        )
