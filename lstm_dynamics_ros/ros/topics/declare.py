# SPDX-License-Identifier: Apache-2.0
"""The settings of a config class as ROS parameters."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
import math
from typing import Any, Generic, TypeVar

from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.core.parameters import build, Leaf, leaves, Value
from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.node import Node
from rclpy.parameter import Parameter

T = TypeVar('T')

ROS_OWN = ('use_sim_time', 'start_type_description_service', 'qos_overrides.')
"""Parameters that rclpy declares itself (the last is a prefix)."""

LARGEST_INTEGER = 2**63 - 1


class Parameters(Generic[T]):
    """Declares one parameter per setting of a config class and keeps the config up to date.

    A whole number given for a float is taken as that float, in YAML, on the command line and in
    ``ros2 param set`` alike. A change is refused with the reason, and as a whole, if any value of
    it is refused.

    Args:
        node: The node.
        default: The config with its defaults; its class says what there is.
        prefix: Prefix of all its parameters, with the dot.
        validate: Raises :class:`LstmDynamicsError` for settings that do not fit together.

    Raises:
        ConfigError: If a given value has the wrong type or is out of range.
    """

    def __init__(
        self,
        node: Node,
        default: T,
        prefix: str = '',
        validate: Callable[[T], None] | None = None,
    ) -> None:
        self._cls = type(default)
        self._prefix = prefix
        self._validate = validate
        self._leaves = {leaf.name: leaf for leaf in leaves(default, prefix)}
        self._listener: Callable[[T], None] | None = None
        values: dict[str, object] = {leaf.name: leaf.value for leaf in self._leaves.values()}
        values |= {  # a value of None is an empty list, which has no type in ROS
            name: value
            for name, value in given(node).items()
            if name in self._leaves and value is not None
        }
        self.settings: T = build(self._cls, values, prefix)
        if validate is not None:
            validate(self.settings)
        for leaf in leaves(self.settings, prefix):
            node.declare_parameter(leaf.name, *as_ros(leaf), ignore_override=True)
        node.add_pre_set_parameters_callback(self._coerce)
        node.add_on_set_parameters_callback(self._check)
        node.add_post_set_parameters_callback(self._apply)

    def on_change(self, listener: Callable[[T], None]) -> None:
        """Call ``listener`` with the new settings after every accepted change."""
        self._listener = listener

    @property
    def names(self) -> list[str]:
        """The names of all its parameters."""
        return list(self._leaves)

    def _coerce(self, parameters: list[Parameter]) -> list[Parameter]:
        """Turn whole numbers given for a float into that float."""
        return [
            Parameter(item.name, Parameter.Type.DOUBLE, float(item.value))
            if item.type_ == Parameter.Type.INTEGER
            and item.name in self._leaves
            and isinstance(self._leaves[item.name].value, float)
            else item
            for item in parameters
        ]

    def _candidate(self, parameters: Sequence[Parameter]) -> T:
        values: dict[str, object] = {
            leaf.name: leaf.value for leaf in leaves(self.settings, self._prefix)
        }
        values |= {item.name: item.value for item in parameters if item.name in self._leaves}
        return build(self._cls, values, self._prefix)

    def _check(self, parameters: list[Parameter]) -> SetParametersResult:
        """Refuse a change that would not give valid settings. Has no other effect."""
        try:
            for item in parameters:
                if item.name in self._leaves and item.value is None:
                    raise ConfigError(f'{item.name} cannot be removed.')
            candidate = self._candidate(parameters)
            if self._validate is not None:
                self._validate(candidate)
        except LstmDynamicsError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _apply(self, parameters: list[Parameter]) -> None:
        """Take over an accepted change."""
        settings = self._candidate(parameters)
        if settings == self.settings:
            return
        self.settings = settings
        if self._listener is not None:
            self._listener(settings)


def given(node: Node) -> dict[str, Any]:
    """Return the values given at start, in files and on the command line, by parameter."""
    overrides: dict[str, Parameter] = node._parameter_overrides  # no public way in Jazzy
    return {name: parameter.value for name, parameter in overrides.items()}


def unknown(node: Node, known: Sequence[str]) -> list[str]:
    """Return what was given for parameters that do not exist, with the closest that does.

    Args:
        node: The node.
        known: The names of its parameters.
    """
    found = []
    for name in sorted(given(node)):
        if name in known or name.startswith(ROS_OWN):
            continue
        close = get_close_matches(name, known, n=1)
        found.append(f'{name} (did you mean {close[0]}?)' if close else name)
    return found


def warn_of_unknown(node: Node, known: Sequence[str]) -> None:
    """Log what :func:`unknown` finds."""
    for name in unknown(node, known):
        node.get_logger().warning(f'Ignored, because there is no such parameter: {name}')


def as_ros(leaf: Leaf) -> tuple[Any, ParameterDescriptor]:
    """Return the value and the descriptor of a setting as ROS has them."""
    _, setting, value = leaf
    text = f'{setting.description} [{setting.unit}]' if setting.unit else setting.description
    if setting.choices:
        text += f' One of: {", ".join(setting.choices)}.'
    descriptor = ParameterDescriptor(
        description=text,
        read_only=not setting.reconfigurable,
        dynamic_typing=isinstance(value, tuple),  # an empty list has no type in ROS
    )
    low, high = setting.minimum, setting.maximum
    limited = low is not None or high is not None
    if limited and isinstance(value, float):
        descriptor.floating_point_range = [
            FloatingPointRange(
                from_value=-math.inf if low is None else float(low),
                to_value=math.inf if high is None else float(high),
            )
        ]
    elif limited and isinstance(value, int) and not isinstance(value, bool):
        descriptor.integer_range = [
            IntegerRange(
                from_value=-LARGEST_INTEGER if low is None else math.ceil(low),
                to_value=LARGEST_INTEGER if high is None else math.floor(high),
            )
        ]
    return as_parameter_value(value), descriptor


def as_parameter_value(value: Value) -> Any:  # noqa: ANN401
    """Return a setting's value as a ROS parameter holds it."""
    return list(value) if isinstance(value, tuple) else value
