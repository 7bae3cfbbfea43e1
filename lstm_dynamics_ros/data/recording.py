# SPDX-License-Identifier: Apache-2.0
"""One recorded trajectory of a robot as arrays, the form every part of ``data`` works on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lstm_dynamics_ros.core.card import JOINT_TYPES
from lstm_dynamics_ros.core.errors import (
    ConfigError,
    JointNamesError,
    ShapeError,
    UnknownNameError,
)
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps
from lstm_dynamics_ros.signals.time_grid import check_distinct, joint_map_entries
import numpy as np

KINDS = ('position', 'velocity', 'effort')
"""What is measured of each joint, in the order of a model's input."""

TRACK_KINDS = (*KINDS, 'acceleration')
"""What a :class:`Track` holds of each joint."""


@dataclass(frozen=True, kw_only=True)
class Track:
    """A signal beside the joint states: the reference, or the command that was applied.

    Every matrix has shape (n_steps, n_joints), with NaN where the source has no value.
    """

    joint_names: tuple[str, ...]
    """Joint names, in the order of the columns."""
    stamp_ns: Stamps
    """Times the rows are for [ns], shape (n_steps,)."""
    position: Matrix
    """Positions [rad] or [m]."""
    velocity: Matrix
    """Velocities [rad/s] or [m/s]."""
    acceleration: Matrix
    """Accelerations [rad/s^2] or [m/s^2]."""
    effort: Matrix
    """Efforts [N m] or [N]."""

    def __post_init__(self) -> None:
        check_shapes(self, TRACK_KINDS, len(self.stamp_ns))

    def select(self, joint_names: Sequence[str]) -> 'Track':
        """Return the track of these joints, in this order.

        Raises:
            JointNamesError: If one of them is not in the track.
        """
        columns = columns_of(joint_names, self.joint_names)
        picked = {name: getattr(self, name)[:, columns] for name in TRACK_KINDS}
        return replace(self, joint_names=tuple(joint_names), **picked)


def make_track(joint_names: Sequence[str], stamp_ns: Stamps, **signals: Matrix | None) -> Track:
    """Return a track with NaN for the signals that are not given.

    Args:
        joint_names: Joint names, in the order of the columns.
        stamp_ns: Times [ns], shape (n_steps,).
        signals: position, velocity, acceleration, effort; each (n_steps, n_joints) or None.
    """
    absent = np.full((len(stamp_ns), len(joint_names)), np.nan)
    known = {name: value for name, value in signals.items() if value is not None}
    full = {**dict.fromkeys(TRACK_KINDS, absent), **known}
    return Track(joint_names=tuple(joint_names), stamp_ns=stamp_ns, **full)


@dataclass(frozen=True, kw_only=True)
class Recording:
    """The joint states of one trajectory, as they were measured.

    Rows are in the order they were recorded, so stamps may repeat or step back; the grid sorts
    that out and the counters tell of it. Matrices have shape (n_steps, n_joints), with NaN where
    nothing was measured.
    """

    name: str
    """Name of the trajectory, for people and for splitting data by trajectory."""
    joint_names: tuple[str, ...]
    """Joint names, in the order of the columns."""
    joint_types: tuple[str, ...]
    """One of :data:`JOINT_TYPES` for each joint."""
    stamp_ns: Stamps
    """Times of the measurements [ns], shape (n_steps,)."""
    position: Matrix
    """Joint positions [rad] or [m]."""
    velocity: Matrix
    """Joint velocities [rad/s] or [m/s]."""
    effort: Matrix
    """Joint efforts [N m] or [N]."""
    reference: Track | None = None
    """Where the joints should have been."""
    command: Track | None = None
    """The effort that was commanded."""
    counters: Mapping[str, int] = field(default_factory=dict)
    """How often each irregularity was met while reading."""
    sha256: str = ''
    """Checksum of the source's data files, 64 hex digits."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What else is known, e.g. effort_semantics, split, source; kept in a bag's metadata."""

    def __post_init__(self) -> None:
        check_shapes(self, KINDS, len(self.stamp_ns))
        if len(self.joint_types) != len(self.joint_names):
            raise ConfigError(
                f'{self.name}: {len(self.joint_types)} joint types for '
                f'{len(self.joint_names)} joints.'
            )
        for kind in self.joint_types:
            if kind not in JOINT_TYPES:
                known = ', '.join(JOINT_TYPES)
                raise ConfigError(f'{self.name}: joint type must be one of {known}, got {kind!r}.')

    def __len__(self) -> int:
        return len(self.stamp_ns)

    @property
    def duration(self) -> float:
        """Time from the earliest to the latest measurement [s]."""
        if not len(self):
            return 0.0
        return float(self.stamp_ns.max() - self.stamp_ns.min()) / NANOSECONDS

    def select(self, joint_names: Sequence[str]) -> 'Recording':
        """Return the recording of these joints, in this order.

        Raises:
            JointNamesError: If one of them is not in the recording.
        """
        columns = columns_of(joint_names, self.joint_names)
        return replace(
            self,
            joint_names=tuple(joint_names),
            joint_types=tuple(self.joint_types[j] for j in columns),
            reference=_select_known(self.reference, joint_names),
            command=_select_known(self.command, joint_names),
            **{name: getattr(self, name)[:, columns] for name in KINDS},
        )

    def rows(self, start: int, stop: int) -> 'Recording':
        """Return some of the joint states, in the order they were recorded.

        Args:
            start: First row.
            stop: Row after the last.
        """
        part = {name: getattr(self, name)[start:stop] for name in ('stamp_ns', *KINDS)}
        return replace(self, **part)


def model_names(
    found: Sequence[str], *, prefix: str = '', joint_map: Sequence[str] = ()
) -> dict[str, str]:
    """Return the model's name of every joint by its name in the messages.

    By the rules of the node's parameters ``joint_prefix`` and ``joint_map``.

    Args:
        found: Names in the messages.
        prefix: What stands before the model's names in the messages; taken off where it does.
        joint_map: Other names, as model_joint:message_name; overrides the prefix.

    Raises:
        ConfigError: If an entry has no colon, or two joints get one name.
        UnknownNameError: If no message has a name.
    """
    names = {name: name.removeprefix(prefix) or name for name in found}
    for joint, name in joint_map_entries(joint_map):
        if name not in names:
            raise UnknownNameError('message name in joint_map', name, found)
        names[name] = joint
    check_distinct(names)
    return names


def renamed(
    recordings: Sequence[Recording], *, prefix: str = '', joint_map: Sequence[str] = ()
) -> list[Recording]:
    """Return recordings with the joint names of the model, see :func:`model_names`.

    Raises:
        ConfigError: If an entry has no colon, or two joints get one name.
        UnknownNameError: If no message has a name.
    """
    if not prefix and not joint_map:
        return list(recordings)
    result = []
    for item in recordings:
        names = model_names(item.joint_names, prefix=prefix, joint_map=joint_map)
        result.append(
            replace(
                item,
                joint_names=tuple(names[name] for name in item.joint_names),
                reference=_renamed(item.reference, names),
                command=_renamed(item.command, names),
            )
        )
    return result


def _renamed(track: Track | None, names: Mapping[str, str]) -> Track | None:
    if track is None:
        return None
    return replace(track, joint_names=tuple(names.get(name, name) for name in track.joint_names))


def columns_of(wanted: Sequence[str], have: Sequence[str]) -> list[int]:
    """Return the column of each wanted joint.

    Raises:
        JointNamesError: If one of them is not there.
    """
    if not set(wanted) <= set(have):
        raise JointNamesError(wanted, have)
    return [list(have).index(name) for name in wanted]


def _select_known(track: Track | None, joint_names: Sequence[str]) -> Track | None:
    """Return the track of those of the joints that it has, None if it has none of them."""
    if track is None:
        return None
    known = [name for name in joint_names if name in track.joint_names]
    return track.select(known) if known else None


def check_shapes(made: Any, kinds: Sequence[str], n_steps: int) -> None:  # noqa: ANN401 - of any class
    """Raise :class:`ShapeError` unless signals have the shape (n_steps, n_joints)."""
    shape = (n_steps, len(made.joint_names))
    for name in kinds:
        if (found := getattr(made, name).shape) != shape:
            raise ShapeError(f'{type(made).__name__}.{name}', shape, found)
