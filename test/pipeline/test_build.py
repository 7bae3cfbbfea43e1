# SPDX-License-Identifier: Apache-2.0
"""Tests for build.py."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.control import CONTROLLERS
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, DataError, ModelFileError
from lstm_dynamics_ros.pipeline.build import (
    build_pipeline,
    candidates,
    joint_limits,
    rigid_body,
)
from lstm_dynamics_ros.pipeline.pipeline import Pipeline
from lstm_dynamics_ros.pipeline.settings import BuildSettings
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.confidence import ShadowScore
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.joint_limits import JointLimitSettings
from lstm_dynamics_ros.safety.state import State
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
import numpy as np
import pytest

URDF = nominal_urdf(load_robot('pendulum'))


@pytest.fixture(scope='module')
def loaded(load: Callable[..., LoadedModel]) -> LoadedModel:
    return load(
        kind='motion',
        disturbance_bandwidth=20.0,
        feedback_gain=(1.0, 30.0),
        effort_limits=(20.0, None),
        washout=200,
    )


@pytest.fixture
def card(loaded: LoadedModel) -> ModelCard:
    return loaded.card


def shadow(pipeline: Pipeline) -> ShadowScore:
    assert pipeline.correction_output.shadow is not None
    return pipeline.correction_output.shadow


def test_a_controller_that_is_named_has_no_alternative() -> None:
    assert candidates('pd_gravity') == ('pd_gravity',)
    assert candidates('auto')[-1] == 'none'
    assert set(candidates('auto')) <= set(CONTROLLERS)


def test_what_is_given_comes_before_the_description(card: ModelCard) -> None:
    settings = BuildSettings(limits=JointLimitSettings(lower=(-1.0, -1.0), velocity=(0.5, 0.6)))
    limits = joint_limits(settings, card, URDF)
    np.testing.assert_array_equal(limits.lower, [-1.0, -1.0])
    np.testing.assert_array_equal(limits.upper, [2.2, 2.4])
    np.testing.assert_array_equal(limits.velocity, [0.5, 0.6])


def test_effort_is_limited_by_card_and_description_unless_given(card: ModelCard) -> None:
    limits = joint_limits(BuildSettings(), card, URDF)
    np.testing.assert_array_equal(limits.effort, [20.0, 25.0])
    given = BuildSettings(limits=JointLimitSettings(effort=(70.0, 5.0)))
    np.testing.assert_array_equal(joint_limits(given, card, URDF).effort, [70.0, 5.0])


def test_the_description_uses_the_names_of_the_robot(card: ModelCard) -> None:
    text = URDF.replace('"joint1"', '"left_joint1"').replace('"joint2"', '"left_joint2"')
    limits = joint_limits(BuildSettings(joint_prefix='left_'), card, text)
    np.testing.assert_array_equal(limits.upper, [2.2, 2.4])


def test_limits_that_contradict_each_other_are_refused(card: ModelCard) -> None:
    settings = BuildSettings(limits=JointLimitSettings(lower=(5.0, 5.0)))
    with pytest.raises(ConfigError, match='lower limit of joint 0 must be below'):
        joint_limits(settings, card, URDF)


def test_without_a_urdf_there_is_no_rigid_body(card: ModelCard, tmp_path: Path) -> None:
    assert rigid_body(BuildSettings(), card) is None
    pytest.importorskip('pinocchio')
    with pytest.raises(DataError, match='There is no URDF file'):
        rigid_body(BuildSettings(urdf=str(tmp_path / 'no.urdf')), card)
    file = tmp_path / 'robot.urdf'
    file.write_text(URDF)
    prior = rigid_body(BuildSettings(urdf=str(file), armature=(0.1, 0.2)), card)
    assert prior is not None
    np.testing.assert_array_equal(prior.armature, [0.1, 0.2])


def test_auto_takes_what_the_model_allows_and_says_why_not_more(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    def built(path: Path, urdf: str = '') -> Pipeline:
        return build_pipeline(load_model(path), BuildSettings(urdf=urdf))

    best = built(make_model(tmp_path / 'motion.onnx', kind='motion', disturbance_bandwidth=20.0))
    assert (best.controller.name, best.remark) == ('feedforward_dob', '')
    forward = make_model(tmp_path / 'forward.onnx')
    plain = built(forward)
    assert plain.controller.name == 'none'
    assert 'feedforward_dob cannot be used' in plain.remark
    assert 'disturbance_observer cannot be used' in plain.remark
    pytest.importorskip('pinocchio')
    file = tmp_path / 'robot.urdf'
    file.write_text(URDF)
    assert built(forward, urdf=str(file)).controller.name == 'disturbance_observer'


def test_a_named_controller_that_does_not_fit_is_refused(load: Callable[..., LoadedModel]) -> None:
    forward = load()
    with pytest.raises(ConfigError, match='A feed-forward needs an inverse'):
        build_pipeline(forward, BuildSettings(controller='feedforward'))


def test_every_part_is_made_once(loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def count(kind: type) -> None:
        make = kind.__init__  # type: ignore[misc]

        def counted(self: object, *args: object, **more: object) -> None:
            made.append(kind.__name__)
            make(self, *args, **more)

        monkeypatch.setattr(kind, '__init__', counted)

    for kind in (Predictor, Gate, Pipeline, ShadowScore):
        count(kind)
    build_pipeline(loaded)
    assert sorted(made) == ['Gate', 'Pipeline', 'Predictor', 'ShadowScore']


def test_the_score_weighs_torque_by_the_limits_of_the_gate(loaded: LoadedModel) -> None:
    given = BuildSettings(limits=JointLimitSettings(effort=(1.0, 1.0)))
    pipeline = build_pipeline(loaded, given)
    np.testing.assert_array_equal(shadow(pipeline).weights, [1.0, 1.0])
    np.testing.assert_array_equal(pipeline.gate.limits.effort, [1.0, 1.0])


def test_a_description_that_comes_later_counts_for_gate_and_score(loaded: LoadedModel) -> None:
    pipeline = build_pipeline(loaded)
    np.testing.assert_array_equal(shadow(pipeline).weights, [0.05, 1.0])  # the card knows one
    gate, score = pipeline.gate, shadow(pipeline)
    pipeline.use_limits(joint_limits(BuildSettings(), loaded.card, URDF))
    assert pipeline.gate is gate
    assert shadow(pipeline) is score
    np.testing.assert_array_equal(gate.limits.effort, [20.0, 25.0])
    np.testing.assert_array_equal(gate.limits.upper, [2.2, 2.4])
    np.testing.assert_array_equal(score.weights, [0.05, 0.04])
    assert np.isfinite(gate.limits.effort).all()


def test_limits_stay_while_torque_is_allowed(loaded: LoadedModel) -> None:
    pipeline = build_pipeline(loaded)
    pipeline.machine.state = State.ARMED
    with pytest.raises(ConfigError, match='cannot change while torque is allowed'):
        pipeline.use_limits(joint_limits(BuildSettings(), loaded.card, URDF))


def test_a_model_may_be_given_by_name_or_by_path(loaded: LoadedModel) -> None:
    for model in (loaded, loaded.path, str(loaded.path)):
        assert build_pipeline(model).correction_output.controller.name == 'feedforward_dob'
    with pytest.raises(ModelFileError, match='Models that come along: '):
        build_pipeline('pendulum_forwrad')
