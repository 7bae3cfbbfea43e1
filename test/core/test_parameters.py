# SPDX-License-Identifier: Apache-2.0
"""Tests for parameters.py."""

from dataclasses import dataclass, field, fields

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import (
    build,
    flatten,
    leaves,
    parameter,
    setting_of,
    validated,
)
import numpy as np
import pytest


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Nested settings."""

    gain: float = parameter(1.0, 'Gain.', unit='N m/rad', minimum=0.0, reconfigurable=True)


@dataclass(frozen=True, kw_only=True)
class Outer:
    """Settings of everything a ROS parameter can hold."""

    rate: float = parameter(100.0, 'Rate.', unit='Hz', minimum=1.0, maximum=1000.0)
    count: int = parameter(3, 'Count.', minimum=0)
    on: bool = parameter(True, 'On.')
    mode: str = parameter('hold', 'Mode.', choices=('hold', 'predicted'))
    names: tuple[str, ...] = parameter((), 'Names.')
    gains: tuple[float, ...] = parameter((1.0,), 'Gains.', minimum=0.0)
    inner: Inner = field(default_factory=Inner)


def test_leaves_have_dotted_names_in_order() -> None:
    assert [leaf.name for leaf in leaves(Outer())] == [
        'rate',
        'count',
        'on',
        'mode',
        'names',
        'gains',
        'inner.gain',
    ]
    assert [leaf.name for leaf in leaves(Inner(), 'a.')] == ['a.gain']


def test_what_is_declared_is_kept() -> None:
    setting = {leaf.name: leaf.setting for leaf in leaves(Outer())}['inner.gain']
    assert (setting.description, setting.unit) == ('Gain.', 'N m/rad')
    assert (setting.minimum, setting.maximum, setting.reconfigurable) == (0.0, None, True)


def test_a_field_without_declaration_is_refused() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Plain:
        """A field that is no setting."""

        gain: float = 1.0

    with pytest.raises(ConfigError, match='gain is not declared'):
        setting_of(fields(Plain)[0])


def test_names_left_out_keep_their_defaults() -> None:
    assert build(Outer, {'inner.gain': 3.0}) == Outer(inner=Inner(gain=3.0))


def test_unknown_names_are_refused_with_the_closest() -> None:
    with pytest.raises(UnknownNameError, match=r"'inner.gian'.*Did you mean 'inner.gain'\?"):
        build(Outer, {'inner.gian': 3.0})


def test_an_integer_is_taken_for_a_float() -> None:
    config = build(Outer, {'rate': 200})
    assert config.rate == 200.0
    assert isinstance(config.rate, float)


def test_lists_and_arrays_become_tuples() -> None:
    config = build(Outer, {'names': ['a', 'b'], 'gains': np.array([1.0, 2.0])})
    assert config.names == ('a', 'b')
    assert config.gains == (1.0, 2.0)


@pytest.mark.parametrize(
    ('name', 'value', 'message'),
    [
        ('rate', 0.0, r'rate must be >= 1.0 Hz, got 0.0\.'),
        ('rate', 1001, r'rate must be <= 1000.0 Hz, got 1001.0\.'),
        ('rate', float('nan'), 'rate must be a number, got NaN'),
        ('rate', float('inf'), 'rate must be <='),
        ('inner.gain', float('inf'), 'inner.gain must be finite'),
        ('rate', '100', "rate must be of type float, got '100'"),
        ('rate', True, 'rate must be of type float, got True'),
        ('count', 2.5, 'count must be of type int'),
        ('count', True, 'count must be of type int'),
        ('on', 1, 'on must be of type bool'),
        ('mode', 7, 'mode must be of type str'),
        ('names', 'a', 'names must be of type tuple'),
        ('gains', ['a'], 'gains must be of type tuple'),
        ('gains', [1.0, -1.0], 'gains must be >= 0.0'),
        ('gains', [float('nan')], 'gains must be a number'),
        ('gains', ['a', 1.0], 'gains must be of type tuple'),
    ],
)
def test_wrong_values_are_refused_with_a_reason(name: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(Outer, {name: value})


def test_a_value_that_is_no_choice_lists_the_choices() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown mode 'hodl'\. Known: hold, predicted\."):
        build(Outer, {'mode': 'hodl'})


def test_yaml_mappings_become_dotted_names() -> None:
    assert flatten({'rate': 1.0, 'inner': {'gain': 2.0}}) == {'rate': 1.0, 'inner.gain': 2.0}


def test_a_config_made_by_hand_can_be_checked() -> None:
    assert validated(Outer()) == Outer()
    with pytest.raises(ConfigError, match='rate must be >='):
        validated(Outer(rate=0.0))


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('rate', 'Rate. [Hz] From 1 to 1000.'),
        ('count', 'Count. At least 0.'),
        ('on', 'On.'),
        ('mode', 'Mode. One of: hold, predicted.'),
    ],
)
def test_the_help_tells_unit_and_range(name: str, text: str) -> None:
    assert {leaf.name: leaf.setting.help for leaf in leaves(Outer())}[name] == text
