# SPDX-License-Identifier: Apache-2.0
"""Tests for settings.py."""

from collections.abc import Callable

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.pipeline.settings import control_steps, message_names, PipelineSettings
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import pytest


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    return load().card


def test_the_defaults_are_within_their_own_ranges() -> None:
    assert validated(PipelineSettings()) == PipelineSettings()


@pytest.mark.parametrize(
    ('rate', 'steps'), [(0.0, 1), (200.0, 1), (100.0, 2), (40.0, 5), (66.6667, 3), (1.0, 200)]
)
def test_the_control_period_is_a_whole_number_of_steps(rate: float, steps: int) -> None:
    assert control_steps(0.005, rate) == steps


@pytest.mark.parametrize(
    ('rate', 'nearest'), [(150.0, '100 or 200 Hz'), (60.0, '50 or 66.6667 Hz'), (1000.0, '200 Hz')]
)
def test_other_rates_are_refused_with_the_nearest_valid_ones(rate: float, nearest: str) -> None:
    with pytest.raises(ConfigError, match=f'Nearest valid: {nearest}'):
        control_steps(0.005, rate)


def test_names_are_those_of_the_model_unless_told_otherwise(card: ModelCard) -> None:
    names = message_names(card, PipelineSettings())
    assert names == {'joint1': 'joint1', 'joint2': 'joint2'}


def test_the_map_overrides_the_prefix(card: ModelCard) -> None:
    settings = PipelineSettings(joint_prefix='left_', joint_map=('joint2:elbow',))
    assert message_names(card, settings) == {'joint1': 'left_joint1', 'joint2': 'elbow'}


@pytest.mark.parametrize('entry', ['joint1', 'joint1:', ':x', ''])
def test_an_entry_without_both_names_is_refused(card: ModelCard, entry: str) -> None:
    with pytest.raises(ConfigError, match='model_joint:message_name'):
        message_names(card, PipelineSettings(joint_map=(entry,)))


def test_a_joint_the_model_does_not_have_is_refused_with_the_closest(card: ModelCard) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'joint1'"):
        message_names(card, PipelineSettings(joint_map=('jiont1:a',)))


def test_one_name_for_two_joints_is_refused(card: ModelCard) -> None:
    with pytest.raises(ConfigError, match='two joints one name'):
        message_names(card, PipelineSettings(joint_map=('joint1:joint2',)))
