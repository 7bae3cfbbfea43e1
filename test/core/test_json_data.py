# SPDX-License-Identifier: Apache-2.0
"""Tests of writing and reading dataclasses as JSON; json and numpy are the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
import json
from pathlib import Path
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.json_data import from_json, from_plain, to_plain
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np
import pytest


class Colour(Enum):
    """One word of a few."""

    RED = 'red'


class Pair(NamedTuple):
    """Two numbers with names."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Inner:
    """What another one is made of."""

    count: int
    rate: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Outer:
    """One of everything."""

    names: tuple[str, ...]
    rows: Matrix
    inner: tuple[Inner, ...] = ()
    by_name: Mapping[str, Vector] = field(default_factory=dict)
    limit: float | None = None
    colour: Colour = Colour.RED


OUTER = Outer(
    names=('a', 'b'),
    rows=np.array([[0.1, 0.2], [1e300, -0.0]]),
    inner=(Inner(count=1), Inner(count=2, rate=3.0)),
    by_name={'x': np.array([1.0])},
    limit=2.0,
)
PLAIN: dict[str, Any] = {
    'names': ['a', 'b'],
    'rows': [[0.1, 0.2], [1e300, -0.0]],
    'inner': [{'count': 1, 'rate': 0.5}, {'count': 2, 'rate': 3.0}],
    'by_name': {'x': [1.0]},
    'limit': 2.0,
    'colour': 'red',
}


def test_a_dataclass_is_written_as_nested_objects_and_lists() -> None:
    assert json.dumps(to_plain(OUTER)) == json.dumps(PLAIN)


@pytest.mark.parametrize(
    ('value', 'expected'),
    [
        (float('nan'), None),
        (np.array([1.0, np.inf]), [1.0, None]),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.int64(3), 3),
        (Pair(1.0, float('-inf')), {'low': 1.0, 'high': None}),
        ({1: (2, 'b')}, {'1': [2, 'b']}),
        ({Colour.RED: Colour.RED}, {'red': 'red'}),
        (Path('a/b'), 'a/b'),
    ],
)
def test_values_are_written_as_json_has_them(value: object, expected: object) -> None:
    assert repr(to_plain(value)) == repr(expected)


def test_what_has_no_place_in_json_is_refused() -> None:
    with pytest.raises(TypeError, match='complex cannot be written as JSON'):
        to_plain({'a': [1j]})


def test_what_was_written_is_read_with_the_same_bits() -> None:
    read = from_json(Outer, json.dumps(to_plain(OUTER)), 'It')
    assert read.rows.tobytes() == OUTER.rows.tobytes()
    assert (read.names, read.inner, read.limit) == (OUTER.names, OUTER.inner, OUTER.limit)
    assert read.colour is Colour.RED
    assert read.by_name['x'].dtype == np.float64


def test_an_integer_is_read_where_a_float_is_wanted_and_null_in_an_array_is_nan() -> None:
    read = from_plain(Outer, {**PLAIN, 'limit': 3, 'rows': [[1, None]]}, 'It')
    assert read.limit == 3.0
    np.testing.assert_array_equal(read.rows, [[1.0, np.nan]])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'names': 'ab'}, r'Expected `array`, got `str` - at `\$\.names`'),
        ({'inner': [{'count': True}]}, r'Expected `int`, got `bool` - at `\$\.inner\[0\]\.count`'),
        ({'inner': [{}]}, r'missing required field `count` - at `\$\.inner\[0\]`'),
        ({'inner': [{'count': 1, 'c': 2}]}, r"unknown entries \['c'\] at `\$\.inner\[0\]`. Known"),
        ({'colour': 'blue'}, "Invalid enum value 'blue'"),
        ({'rows': [['1']]}, r'Expected numbers and nulls.*at `\$\.rows`'),
        ({'rows': [[1], [1, 2]]}, r'at `\$\.rows`'),
        ({'by_name': {'x': '1'}}, 'Expected numbers and nulls'),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=f'The thing .*{message}'):
        from_plain(Outer, {**PLAIN, **change}, 'The thing')


def test_the_error_is_of_the_class_asked_for() -> None:
    with pytest.raises(ConfigError, match='The thing is not JSON'):
        from_json(Outer, '{', 'The thing', ConfigError)
