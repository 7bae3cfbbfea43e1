# SPDX-License-Identifier: Apache-2.0
"""What the joints of a robot can stand while they are excited."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lstm_dynamics_ros.core.card import JOINT_TYPES
from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.recording import columns_of
import numpy as np

VECTORS = ('home', 'lower', 'upper', 'velocity', 'acceleration', 'effort')

NEEDED = ('lower', 'upper', 'velocity')
"""Limits without which nothing may move."""


@dataclass(frozen=True, kw_only=True)
class ExcitationLimits:
    """Home and limits of the joints, infinite where not known; vectors of shape (n_joints,)."""

    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    """``revolute``, ``continuous`` or ``prismatic`` for each joint."""
    home: Vector
    """Where every trajectory starts and ends [rad] or [m]."""
    lower: Vector
    """Lower ends of the ranges [rad] or [m]; minus infinity for continuous joints."""
    upper: Vector
    """Upper ends of the ranges [rad] or [m]; infinity for continuous joints."""
    velocity: Vector
    """Largest speeds [rad/s] or [m/s]."""
    acceleration: Vector
    """Largest accelerations [rad/s^2] or [m/s^2]."""
    effort: Vector
    """Largest efforts [N m] or [N]."""

    def __post_init__(self) -> None:
        shape = (len(self.joint_names),)
        for name in VECTORS:
            value = getattr(self, name)
            if value.shape != shape:
                raise ShapeError(name, shape, value.shape)
            if np.isnan(value).any():
                raise ConfigError(f'{name} must hold numbers, got {value.tolist()}.')
        for kind in self.joint_types:
            if kind not in JOINT_TYPES:
                raise ConfigError(f'A joint is one of {", ".join(JOINT_TYPES)}, got {kind!r}.')
        for name in ('velocity', 'acceleration', 'effort'):
            if not (getattr(self, name) > 0).all():
                raise ConfigError(f'{name} limits must be > 0, got {getattr(self, name)}.')

    @property
    def endless(self) -> tuple[str, ...]:
        """The joints that turn without end."""
        pairs = zip(self.joint_names, self.joint_types, strict=True)
        return tuple(name for name, kind in pairs if kind == 'continuous')

    def select(self, joint_names: Sequence[str]) -> 'ExcitationLimits':
        """Return the limits of these joints, in this order.

        Raises:
            JointNamesError: If one of them is not there.
        """
        columns = columns_of(joint_names, self.joint_names)
        vectors = {name: getattr(self, name)[columns] for name in VECTORS}
        kinds = tuple(self.joint_types[j] for j in columns)
        return replace(self, joint_names=tuple(joint_names), joint_types=kinds, **vectors)

    def missing(self, names: Sequence[str] = NEEDED) -> list[str]:
        """Return a sentence for every joint that lacks one of the limits."""
        sentences = []
        for j, joint in enumerate(self.joint_names):
            free = ('lower', 'upper') if self.joint_types[j] == 'continuous' else ()
            lost = [n for n in names if n not in free and not np.isfinite(getattr(self, n)[j])]
            if lost:
                sentences.append(f'{joint} has no {", ".join(lost)} limit.')
        return sentences

    def misplaced(self) -> list[str]:
        """Return a sentence for every joint whose home is outside of its range."""
        return [
            f'Home of {name} is {home:g}, outside of [{low:g}, {high:g}].'
            for name, home, low, high in zip(
                self.joint_names, self.home, self.lower, self.upper, strict=True
            )
            if not low <= home <= high
        ]
