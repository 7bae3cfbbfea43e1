# SPDX-License-Identifier: Apache-2.0
"""How far, how fast and how hard each joint may go, from parameters or from a URDF."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
import math
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

from lstm_dynamics_ros.core.errors import ConfigError, JointNamesError, ShapeError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Vector
import numpy as np

KINDS = ('position', 'velocity', 'effort')
"""Kinds of limits."""

_KEYS = {
    'lower': ('has_position_limits', 'min_position'),
    'upper': ('has_position_limits', 'max_position'),
    'velocity': ('has_velocity_limits', 'max_velocity'),
    'effort': ('has_effort_limits', 'max_effort'),
    'soft_lower': ('has_soft_limits', 'soft_lower_limit'),
    'soft_upper': ('has_soft_limits', 'soft_upper_limit'),
}
"""Names of ros2_control's joint_limits: the flag and the value."""


@dataclass(frozen=True, kw_only=True)
class JointLimitSettings:
    """Limits per joint, in the order of the model's joints."""

    lower: tuple[float, ...] = parameter(
        (), "Lowest position of each joint; empty takes the URDF's.", unit='rad'
    )
    upper: tuple[float, ...] = parameter(
        (), "Highest position of each joint; empty takes the URDF's.", unit='rad'
    )
    velocity: tuple[float, ...] = parameter(
        (), "Highest speed of each joint; empty takes the URDF's.", unit='rad/s', minimum=0.0
    )
    effort: tuple[float, ...] = parameter(
        (),
        "Largest effort of each joint; empty takes the model card's or the URDF's.",
        unit='N m',
        minimum=0.0,
    )


class _Row(NamedTuple):
    """Limits of one joint; None where unknown."""

    lower: float | None = None
    upper: float | None = None
    velocity: float | None = None
    effort: float | None = None


class JointLimits:
    """Limits of all joints. Unknown ones are infinite.

    Args:
        lower: Lowest positions [rad] or [m], shape (n_joints,); None or -inf where unknown.
        upper: Highest positions [rad] or [m], shape (n_joints,).
        velocity: Highest speeds [rad/s] or [m/s], shape (n_joints,).
        effort: Largest efforts [N m] or [N], shape (n_joints,).

    Raises:
        ConfigError: If a limit is NaN, a speed or effort negative, or a lower limit not below
            its upper one.
        ShapeError: If the lengths differ.
    """

    def __init__(
        self,
        lower: Sequence[float | None] | Vector,
        upper: Sequence[float | None] | Vector,
        velocity: Sequence[float | None] | Vector,
        effort: Sequence[float | None] | Vector,
    ) -> None:
        self.lower = _filled(lower, -np.inf)
        self.upper = _filled(upper, np.inf)
        self.velocity = _filled(velocity, np.inf)
        self.effort = _filled(effort, np.inf)
        for name in ('upper', 'velocity', 'effort'):
            if getattr(self, name).shape != self.lower.shape:
                raise ShapeError(f'Limits {name}', self.lower.shape, getattr(self, name).shape)
        if np.isnan([self.lower, self.upper, self.velocity, self.effort]).any():
            raise ConfigError('A joint limit is NaN. Leave an unknown limit out instead.')
        crossed = np.flatnonzero(~(self.lower < self.upper))
        if len(crossed):
            i = int(crossed[0])
            raise ConfigError(
                f'The lower limit of joint {i} must be below the upper one, got '
                f'{self.lower[i]:g} and {self.upper[i]:g}.'
            )
        if (self.velocity < 0).any() or (self.effort < 0).any():
            raise ConfigError('Speed and effort limits must be >= 0.')

    @classmethod
    def unknown(cls, n_joints: int) -> 'JointLimits':
        """Return limits of which none is known."""
        return cls(*[(None,) * n_joints] * 4)

    @classmethod
    def from_settings(cls, settings: JointLimitSettings, n_joints: int) -> 'JointLimits':
        """Return the limits given as parameters.

        Raises:
            ConfigError: If one of them has neither no value nor one per joint.
        """
        columns = []
        for name in ('lower', 'upper', 'velocity', 'effort'):
            given = getattr(settings, name)
            if len(given) not in {0, n_joints}:
                raise ConfigError(
                    f'limits.{name} must have one value for each of the {n_joints} joints or be '
                    f'empty, got {len(given)}.'
                )
            columns.append(given or (None,) * n_joints)
        return cls(*columns)

    @classmethod
    def from_mapping(
        cls, values: Mapping[str, Mapping[str, Any]], joint_names: Sequence[str]
    ) -> 'JointLimits':
        """Return the limits of a ``joint_limits`` mapping, with ros2_control's names.

        A value counts unless its ``has_..._limits`` is false; a soft position limit counts
        where it is the narrower one.

        Raises:
            ConfigError: If a value is no number.
        """
        rows = []
        for joint in joint_names:
            entry = values.get(joint, {})
            found = {
                name: _number(entry[key], joint, key)
                for name, (flag, key) in _KEYS.items()
                if key in entry and entry.get(flag, True)
            }
            soft = found.pop('soft_lower', None), found.pop('soft_upper', None)
            rows.append(_narrowed(_Row(**found), *soft))
        return cls._from_rows(rows)

    @classmethod
    def from_urdf(cls, text: str, joint_names: Sequence[str]) -> 'JointLimits':
        """Return the limits of a robot description.

        ``<limit>`` counts, narrowed by the soft limits of ``<safety_controller>``. A continuous
        joint has no position limits. Zero speed or effort, and equal position limits, are what
        exporters write when they do not know, and count as unknown.

        Args:
            text: URDF.
            joint_names: Names of the joints in the URDF, in the order of the arrays.

        Raises:
            ConfigError: If the text is no URDF, or a limit is no number.
            JointNamesError: If joints are missing from it.
        """
        if '<!DOCTYPE' in text or '<!ENTITY' in text:
            raise ConfigError('The robot description must not define a document type.')
        try:
            root = ET.fromstring(text)
        except ET.ParseError as error:
            raise ConfigError(f'The robot description is not XML: {error}.') from None
        if root.tag != 'robot':
            raise ConfigError(f'The robot description must be a <robot>, got <{root.tag}>.')
        joints = {joint.get('name', ''): joint for joint in root.findall('joint')}
        if not set(joint_names) <= set(joints):
            raise JointNamesError(joint_names, list(joints))
        return cls._from_rows([_read_joint(name, joints[name]) for name in joint_names])

    @classmethod
    def _from_rows(cls, rows: Iterable[_Row]) -> 'JointLimits':
        columns = zip(*rows, strict=True)
        return cls(*columns)

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return len(self.lower)

    def tightest(self, other: 'JointLimits') -> 'JointLimits':
        """Return the tighter of two limits everywhere.

        Raises:
            ConfigError: If nothing is left between the position limits.
            ShapeError: If the numbers of joints differ.
        """
        if other.n_joints != self.n_joints:
            raise ShapeError('Limits', (self.n_joints,), (other.n_joints,))
        return JointLimits(
            np.maximum(self.lower, other.lower),
            np.minimum(self.upper, other.upper),
            np.minimum(self.velocity, other.velocity),
            np.minimum(self.effort, other.effort),
        )

    def without(self, kind: str, joint_names: Sequence[str]) -> tuple[str, ...]:
        """Return the joints without a limit of one kind.

        A joint that turns without end has no position limits either: leave out those whose type
        is continuous.

        Args:
            kind: One of :data:`KINDS`.
            joint_names: Names of all joints, in the order of the arrays.
        """
        known = {
            'position': np.isfinite(self.lower) & np.isfinite(self.upper),
            'velocity': np.isfinite(self.velocity),
            'effort': np.isfinite(self.effort),
        }[kind]
        return tuple(name for name, has in zip(joint_names, known, strict=True) if not has)


def _filled(values: Sequence[float | None] | Vector, unknown: float) -> Vector:
    return np.array([unknown if value is None else value for value in values], dtype=np.float64)


def _number(value: object, joint: str, name: str) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or math.isnan(number):
        raise ConfigError(f'{name} of joint {joint} must be a number, got {value!r}.')
    return number


def _narrowed(row: _Row, soft_lower: float | None, soft_upper: float | None) -> _Row:
    """Return the limits with soft position limits where those are narrower."""
    if soft_lower is None or soft_upper is None or soft_lower >= soft_upper:
        return row
    lower = soft_lower if row.lower is None else max(row.lower, soft_lower)
    upper = soft_upper if row.upper is None else min(row.upper, soft_upper)
    return row._replace(lower=lower, upper=upper)


def _read_joint(name: str, joint: ET.Element) -> _Row:
    """Return the limits of a URDF joint."""

    def read(element: ET.Element | None, key: str) -> float | None:
        text = None if element is None else element.get(key)
        return None if text is None else _number(text, name, key)

    limit = joint.find('limit')
    row = _Row(velocity=read(limit, 'velocity') or None, effort=read(limit, 'effort') or None)
    if joint.get('type') == 'continuous':
        return row
    lower, upper = read(limit, 'lower') or 0.0, read(limit, 'upper') or 0.0  # 0 if left out
    if lower != upper:
        row = row._replace(lower=lower, upper=upper)
    soft = joint.find('safety_controller')
    return _narrowed(row, read(soft, 'soft_lower_limit'), read(soft, 'soft_upper_limit'))
