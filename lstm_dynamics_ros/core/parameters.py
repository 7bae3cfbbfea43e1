# SPDX-License-Identifier: Apache-2.0
"""Settings as frozen dataclasses: the one place a setting is declared.

A field made with :func:`parameter` carries its default, unit, description, range and whether it
may change while running. From it come the ROS parameter and its descriptor, the check of YAML
files, the command-line flag and the row in ``docs/parameters.md``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, Field, field, fields, is_dataclass
import math
from typing import Any, cast, NamedTuple, TypeVar

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError

T = TypeVar('T')

Value = bool | int | float | str | tuple[str, ...] | tuple[float, ...]
"""What a setting can hold: the types a ROS parameter can hold too."""


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What is known of one setting besides its name and default."""

    description: str
    unit: str = ''
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    reconfigurable: bool = False

    @property
    def help(self) -> str:
        """The description with unit and allowed values, as one line for people."""
        text = self.description
        if self.unit:
            text += f' [{self.unit}]'
        if self.choices:
            text += f' One of: {", ".join(self.choices)}.'
        elif self.minimum is not None and self.maximum is not None:
            text += f' From {self.minimum:g} to {self.maximum:g}.'
        elif self.minimum is not None:
            text += f' At least {self.minimum:g}.'
        elif self.maximum is not None:
            text += f' At most {self.maximum:g}.'
        return text


class Leaf(NamedTuple):
    """One setting of a (nested) config."""

    name: str
    """Dotted name, as in YAML and as a ROS parameter."""
    setting: Setting
    value: Value


def parameter(
    default: T,
    description: str,
    *,
    unit: str = '',
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[str, ...] = (),
    reconfigurable: bool = False,
) -> T:
    """Declare a setting.

    Args:
        default: Value when nothing is given; its type is the type of the setting.
        description: What it does, one sentence.
        unit: SI unit, empty for dimensionless.
        minimum: Smallest allowed value, in ``unit``.
        maximum: Largest allowed value, in ``unit``.
        choices: The allowed values of a string setting; empty allows any.
        reconfigurable: Whether it may change while the node runs.

    Returns:
        A dataclass field. Typed as the default, so that the dataclass type-checks.
    """
    setting = Setting(
        description=description,
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        choices=choices,
        reconfigurable=reconfigurable,
    )
    # The command-line library reads 'help'.
    metadata = {'setting': setting, 'help': setting.help}
    return field(default=default, metadata=metadata)


def setting_of(item: Field[Any]) -> Setting:
    """Return the declaration of a dataclass field made with :func:`parameter`."""
    setting = item.metadata.get('setting')
    if not isinstance(setting, Setting):
        message = f'{item.name} is not declared with parameter().'
        raise ConfigError(message)
    return setting


def leaves(config: object, prefix: str = '') -> Iterator[Leaf]:
    """Yield every setting of a (nested) config, in order of declaration."""
    for item in fields(cast('Any', config)):
        value = getattr(config, item.name)
        if is_dataclass(value):
            yield from leaves(value, f'{prefix}{item.name}.')
        else:
            yield Leaf(f'{prefix}{item.name}', setting_of(item), value)


def build(cls: type[T], values: Mapping[str, object], prefix: str = '') -> T:
    """Build a config from dotted names.

    Args:
        cls: Frozen dataclass whose fields are settings or nested configs.
        values: Values by dotted name. Names left out keep their defaults.
        prefix: Prefix of all names in ``values``.

    Raises:
        UnknownNameError: If a name is not a setting of ``cls``.
        ConfigError: If a value has the wrong type or is out of range.
    """
    default = cls()
    known = {leaf.name: leaf for leaf in leaves(default, prefix)}
    for name in values:
        if name not in known:
            raise UnknownNameError('setting', name, known)
    arguments: dict[str, object] = {}
    for item in fields(cast('Any', cls)):
        name = f'{prefix}{item.name}'
        inner = getattr(default, item.name)
        if is_dataclass(inner):
            own = {key: v for key, v in values.items() if key.startswith(f'{name}.')}
            arguments[item.name] = build(type(inner), own, f'{name}.')
        elif name in values:
            arguments[item.name] = checked(known[name], values[name])
    return cls(**arguments)


def validated(config: T) -> T:
    """Return a config that was built without :func:`build`, after the same checks.

    Raises:
        ConfigError: If a value has the wrong type or is out of range.
        UnknownNameError: If a value is not one of the allowed choices.
    """
    return build(type(config), {leaf.name: leaf.value for leaf in leaves(config)})


def flatten(values: Mapping[str, object], prefix: str = '') -> dict[str, object]:
    """Turn the nested mappings of a YAML file into dotted names."""
    flat: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f'{prefix}{key}.')
        else:
            flat[f'{prefix}{key}'] = value
    return flat


def checked(leaf: Leaf, value: object) -> Value:
    """Return ``value`` as the type of the setting, or raise :class:`ConfigError`.

    An integer where a float is expected is accepted (``100`` for ``100.0`` is the most common slip
    in YAML files); NaN and infinity never are.
    """
    name, setting, default = leaf
    converted = _as_type_of(name, default, value)
    numbers = converted if isinstance(converted, tuple) else (converted,)
    unit = f' {setting.unit}' if setting.unit else ''
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        if math.isnan(number):
            raise ConfigError(f'{name} must be a number, got NaN.')
        if setting.minimum is not None and number < setting.minimum:
            raise ConfigError(f'{name} must be >= {setting.minimum}{unit}, got {number}.')
        if setting.maximum is not None and number > setting.maximum:
            raise ConfigError(f'{name} must be <= {setting.maximum}{unit}, got {number}.')
        if math.isinf(number):
            raise ConfigError(f'{name} must be finite, got {number}.')
    if setting.choices and converted not in setting.choices:
        raise UnknownNameError(name, str(converted), setting.choices)
    return converted


def _as_type_of(name: str, default: Value, value: object) -> Value:
    """Convert ``value`` to the type of ``default`` without losing anything."""
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
    elif isinstance(default, int):
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    elif isinstance(default, float):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    elif isinstance(default, str):
        if isinstance(value, str):
            return value
    elif isinstance(value, list | tuple) or hasattr(value, 'tolist'):
        items = list(cast('Any', value))
        kind = type(default[0]) if default else None  # an empty default allows both
        if kind is not float and all(isinstance(item, str) for item in items):
            return tuple(items)
        if kind is not str and all(
            isinstance(item, int | float) and not isinstance(item, bool) for item in items
        ):
            return tuple(float(item) for item in items)
    expected = type(default).__name__
    raise ConfigError(
        f'{name} must be of type {expected}, got {value!r} ({type(value).__name__}).'
    )
