# SPDX-License-Identifier: Apache-2.0
"""Dataclasses, arrays and what they are made of as JSON, and back.

A result that others read has no writer and reader of its own:

    @dataclass(frozen=True, kw_only=True)
    class Score:
        joint_names: tuple[str, ...]
        rmse: Vector
        ratio: float

    text = json.dumps(to_plain(score))  # {"joint_names": ["a"], "rmse": [0.1], "ratio": null}
    score = from_json(Score, text, 'The score')  # arrays are arrays, tuples are tuples again

What is read must fit the types of the fields exactly; the error says where it does not, what was
expected and what came. Only :class:`int` for :class:`float` is let through.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
import json
import math
from pathlib import Path
from typing import Any, cast, get_origin, overload, TypeVar

from lstm_dynamics_ros.core.errors import DataError, LstmDynamicsError
import msgspec
import numpy as np

T = TypeVar('T')


@overload
def to_plain(value: Mapping[Any, Any]) -> dict[str, Any]: ...
@overload
def to_plain(value: object) -> Any: ...  # noqa: ANN401 - what json.dumps takes
def to_plain(value: object) -> Any:
    """Return a value as what :func:`json.dumps` takes.

    Dataclasses and named tuples become objects, arrays and tuples lists, numpy scalars numbers,
    enums their values, paths and keys text; NaN and infinity become null.

    Raises:
        TypeError: If there is anything else in it.
    """
    match value:
        case Enum():
            return to_plain(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case np.ndarray() | np.generic():
            return to_plain(value.tolist())
        case Mapping():
            return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
        case tuple() if hasattr(value, '_asdict'):
            return to_plain(value._asdict())
        case list() | tuple():
            return [to_plain(item) for item in value]
        case Path():
            return str(value)
    if is_dataclass(value):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    raise TypeError(f'{type(value).__name__} cannot be written as JSON.')


def from_json(cls: type[T], text: str, what: str, error: type[LstmDynamicsError] = DataError) -> T:
    """Read JSON text, see :func:`from_plain`; text that is not JSON is an ``error``, too."""
    try:
        values = json.loads(text)
    except ValueError as reason:
        raise error(f'{what} is not JSON: {reason}.') from reason
    return from_plain(cls, values, what, error)


def from_plain(
    cls: type[T], values: object, what: str, error: type[LstmDynamicsError] = DataError
) -> T:
    """Return what :func:`to_plain` made of an instance of a class, or :func:`json.loads`.

    Args:
        cls: Dataclass, or any type made of dataclasses, containers and arrays of float64. In an
            array null is NaN. Named tuples are read from lists only.
        values: What was read.
        what: What it is, for messages.
        error: Class of the error.

    Raises:
        LstmDynamicsError: The ``error`` given, if an entry is missing, unknown or of another
            type, with its place.
    """
    try:
        made = msgspec.convert(values, cls, dec_hook=_array)
    except msgspec.ValidationError as reason:
        raise error(f'{what} is not laid out as it should be: {reason}.') from reason
    for place, names, known in _unknown(values, made, '$'):
        raise error(f'{what} has unknown entries {names} at `{place}`. Known: {known}.')
    return made


def _array(kind: type[Any], value: object) -> object:
    """Return an array of float64; called by msgspec for types that it does not know."""
    if (get_origin(kind) or kind) is not np.ndarray:
        raise NotImplementedError(kind)
    if not _are_numbers([value]):
        raise ValueError('Expected numbers and nulls, in lists of equal length')
    return np.array(value, np.float64)  # None becomes NaN


def _are_numbers(values: list[Any]) -> bool:
    return all(
        _are_numbers(item)
        if isinstance(item, list)
        else item is None or type(item) in {int, float}
        for item in values
    )


def _unknown(values: object, made: object, place: str) -> list[tuple[str, list[str], list[str]]]:
    """Return the places with entries that the dataclass made of them does not have."""
    found: list[tuple[str, list[str], list[str]]] = []
    if is_dataclass(made) and isinstance(values, Mapping):
        known = {item.name: getattr(made, item.name) for item in fields(made)}
        if names := sorted(set(values) - set(known)):
            found.append((place, names, sorted(known)))
        inner = [(key, known[key]) for key in values if key in known]
    elif isinstance(made, Mapping):
        inner = list(made.items())
    elif isinstance(made, list | tuple):
        inner = list(enumerate(made))
    else:
        inner = []
    for key, item in inner:
        where = f'{place}[{key}]' if isinstance(key, int) else f'{place}.{key}'
        found += _unknown(cast('Any', values)[key], item, where)
    return found
