# SPDX-License-Identifier: Apache-2.0
"""Tests for declare.py."""

from collections.abc import Callable
from dataclasses import dataclass, field

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.ros.topics.declare import Parameters, unknown
import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter

MakeNode = Callable[..., Node]


@dataclass(frozen=True, kw_only=True)
class Inner:
    """A nested config."""

    steps: int = parameter(10, 'Steps.', minimum=1, maximum=50, reconfigurable=True)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of every type."""

    rate: float = parameter(
        200.0, 'Rate.', unit='Hz', minimum=0.0, maximum=1000.0, reconfigurable=True
    )
    low: float = parameter(0.5, 'Lower than rate.', reconfigurable=True)
    name: str = parameter('a', 'A name.', choices=('a', 'b'))
    on: bool = parameter(True, 'A switch.')
    joints: tuple[str, ...] = parameter((), 'Joints.', reconfigurable=True)
    inner: Inner = field(default_factory=Inner)


def ordered(settings: Settings) -> None:
    if settings.low >= settings.rate:
        raise ConfigError('low must be below rate.')


def declared(node: Node) -> Parameters[Settings]:
    return Parameters(node, Settings(), validate=ordered)


def test_defaults_come_from_the_dataclass(make_node: MakeNode) -> None:
    assert declared(make_node()).settings == Settings()


def test_overrides_reach_the_config(make_node: MakeNode) -> None:
    node = make_node('rate:=100.0', 'inner.steps:=5', 'joints:=[j1, j2]', 'name:=b')
    expected = Settings(rate=100.0, inner=Inner(steps=5), joints=('j1', 'j2'), name='b')
    assert declared(node).settings == expected


def test_a_whole_number_given_for_a_float_is_taken_at_start(make_node: MakeNode) -> None:
    node = make_node('rate:=100')
    parameters = declared(node)
    assert isinstance(parameters.settings.rate, float)
    assert node.get_parameter('rate').type_ == Parameter.Type.DOUBLE


def test_a_whole_number_given_for_a_float_is_taken_while_running(make_node: MakeNode) -> None:
    node = make_node()
    parameters = declared(node)
    result = node.set_parameters([Parameter('rate', value=50)])[0]
    assert result.successful
    assert parameters.settings.rate == 50.0


def test_descriptors_carry_description_unit_and_range(make_node: MakeNode) -> None:
    node = make_node()
    declared(node)
    rate = node.describe_parameter('rate')
    assert rate.description == 'Rate. [Hz]'
    assert (rate.floating_point_range[0].from_value, rate.floating_point_range[0].to_value) == (
        0.0,
        1000.0,
    )
    steps = node.describe_parameter('inner.steps').integer_range[0]
    assert (steps.from_value, steps.to_value) == (1, 50)
    assert node.describe_parameter('name').read_only
    assert not rate.read_only


@pytest.mark.parametrize(
    ('override', 'message'),
    [
        ('rate:=-1.0', r'rate must be >= 0\.0 Hz, got -1\.0'),
        ('rate:=fast', r"rate must be of type float, got 'fast'"),
        ('rate:=.nan', r'rate must be a number, got NaN'),
        ('inner.steps:=0', r'inner\.steps must be >= 1'),
        ('low:=300.0', r'low must be below rate'),
    ],
)
def test_bad_overrides_are_refused_at_start(
    make_node: MakeNode, override: str, message: str
) -> None:
    node = make_node(override)
    with pytest.raises(ConfigError, match=message):
        declared(node)


@pytest.mark.parametrize(
    ('name', 'value', 'reason'),
    [
        ('rate', 2000.0, 'rate'),
        ('rate', float('nan'), 'rate'),
        ('rate', 'x', 'Wrong parameter type'),
        ('low', 250.0, 'low must be below rate'),
        ('name', 'b', 'read-only'),
        ('inner.steps', 51, 'inner.steps'),
    ],
)
def test_bad_changes_are_refused_with_the_reason(
    make_node: MakeNode, name: str, value: object, reason: str
) -> None:
    node = make_node()
    parameters = declared(node)
    result = node.set_parameters([Parameter(name, value=value)])[0]
    assert not result.successful
    assert reason in result.reason
    assert parameters.settings == Settings()


def test_a_change_is_taken_as_a_whole_or_not_at_all(make_node: MakeNode) -> None:
    node = make_node()
    parameters = declared(node)
    good, bad = Parameter('rate', value=100.0), Parameter('low', value=150.0)
    assert not node.set_parameters_atomically([good, bad]).successful
    assert parameters.settings == Settings()
    assert node.get_parameter('rate').value == 200.0


def test_the_listener_hears_of_accepted_changes_only(make_node: MakeNode) -> None:
    node = make_node()
    parameters = declared(node)
    heard: list[Settings] = []
    parameters.on_change(heard.append)
    node.set_parameters([Parameter('rate', value=-5.0)])
    node.set_parameters([Parameter('rate', value=5.0), Parameter('joints', value=['z'])])
    assert heard == [Settings(rate=5.0), Settings(rate=5.0, joints=('z',))]


def test_defaults_may_come_from_elsewhere_under_a_prefix(make_node: MakeNode) -> None:
    node = make_node('robot.steps:=7')
    parameters = Parameters(node, Inner(steps=20), 'robot.')
    assert parameters.settings == Inner(steps=7)
    assert Parameters(make_node(), Inner(steps=20), 'robot.').settings == Inner(steps=20)
    assert node.set_parameters([Parameter('robot.steps', value=9)])[0].successful
    assert parameters.settings == Inner(steps=9)


def test_values_for_parameters_that_do_not_exist_are_listed_with_the_closest(
    make_node: MakeNode,
) -> None:
    node = make_node('rat:=5.0', 'use_sim_time:=true', 'zzz:=1')
    assert unknown(node, declared(node).names) == ['rat (did you mean rate?)', 'zzz']
