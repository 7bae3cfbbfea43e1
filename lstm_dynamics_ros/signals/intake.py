# SPDX-License-Identifier: Apache-2.0
"""From raw messages to checked joint states: names, lengths, NaN and partial messages.

The bag reader and the node take in messages through the same :class:`Intake`, so what is counted
in a data report is what the node will do with the same messages.
"""

from collections.abc import Iterator, Mapping, Sequence
import math

from lstm_dynamics_ros.core.errors import ConfigError, JointNamesError
from lstm_dynamics_ros.core.state import JointState, RawSample, Vector
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np

LARGEST_VALUE = 1e9
"""Largest magnitude of a measurement that is believed, in its own unit."""


class Intake:
    """Maps raw samples to the joints asked for, and keeps bad ones out.

    Args:
        joint_names: The joints, in the order of the states that come out.
        need_velocity: Drop samples without finite velocity of every joint.
        need_effort: Drop samples without finite effort of every joint.
        rename: Message name by joint name, for joints that the robot calls otherwise.
        max_partial_age: Longest time between two partial messages that are put together [s].
    """

    def __init__(
        self,
        joint_names: Sequence[str],
        *,
        need_velocity: bool = False,
        need_effort: bool = False,
        rename: Mapping[str, str] | None = None,
        max_partial_age: float = 0.1,
    ) -> None:
        rename = rename or {}
        self.joint_names = tuple(joint_names)
        self._wanted = [rename.get(name, name) for name in joint_names]
        self._need_velocity = need_velocity
        self._need_effort = need_effort
        self.counters = dict.fromkeys(
            (
                'accepted',
                'wrong_length',
                'duplicate_names',
                'other_joints',
                'partial',
                'partial_too_old',
                'position_not_finite',
                'velocity_missing',
                'effort_missing',
            ),
            0,
        )
        self.last_names: tuple[str, ...] = ()
        """Names of the newest message, for messages to people."""
        self.last_drop = ''
        """Counter of the newest sample that was dropped; empty after a usable one."""
        self._without_effort = np.zeros(len(self._wanted), bool)
        self._some_without_effort = False
        self._index: list[int] = []
        self._found: list[int] = []
        n = len(self._wanted)
        self._merged = np.full((3, n), np.nan)
        self._heard = np.zeros(n, bool)
        self._heard_ns = np.zeros(n, np.int64)
        self._max_age_ns = nanoseconds(max_partial_age)

    def reset(self) -> None:
        """Forget half-collected partial messages."""
        self._heard[:] = False

    @property
    def without_effort(self) -> tuple[str, ...]:
        """Joints whose newest message holds no finite effort, by their names in the messages."""
        return tuple(self._wanted[j] for j in np.flatnonzero(self._without_effort))

    def explain_names(self) -> JointNamesError | None:
        """Return what is wrong with the newest message's names, or None."""
        if set(self._wanted) <= set(self.last_names):
            return None
        return JointNamesError(self._wanted, self.last_names)

    def accept(self, sample: RawSample) -> JointState | None:
        """Return the state of all joints, or None when the sample is not (yet) usable.

        A message with only some of the joints is kept until the others have come; the state then
        has the stamp of the newest.
        """
        names = tuple(sample.names)
        if names != self.last_names or not self._index:
            self._remember(names)
        n = len(names)
        lengths = {len(sample.position), len(sample.velocity), len(sample.effort)}
        if len(sample.position) != n or not lengths <= {0, n}:
            return self._dropped('wrong_length')
        if len(set(names)) != n:
            return self._dropped('duplicate_names')
        if not self._found:
            return self._dropped('other_joints')
        return self._collect(sample)

    def _remember(self, names: tuple[str, ...]) -> None:
        self.last_names = names
        where = {name: i for i, name in enumerate(names)}
        self._found = [j for j, name in enumerate(self._wanted) if name in where]
        self._index = [where[self._wanted[j]] for j in self._found] or [-1]

    def _dropped(self, reason: str) -> JointState | None:
        """Count a sample that is not used."""
        self.counters[reason] += 1
        self.last_drop = reason
        return None

    def _collect(self, sample: RawSample) -> JointState | None:
        position = _pick(sample.position, self._index)
        if not np.isfinite(position).all():
            return self._dropped('position_not_finite')
        velocity = _pick(sample.velocity, self._index)
        if self._need_velocity and not np.isfinite(velocity).all():
            return self._dropped('velocity_missing')
        effort = _pick(sample.effort, self._index)
        finite = math.isfinite(float(effort.sum()))  # cheaper than looking at each
        if not finite or self._some_without_effort:
            self._without_effort[self._found] = ~np.isfinite(effort)
            self._some_without_effort = bool(self._without_effort.any())
        if self._need_effort and not finite:
            return self._dropped('effort_missing')
        self.last_drop = ''
        if len(self._found) == len(self._wanted):
            self._heard[:] = False
            self.counters['accepted'] += 1
            return JointState(sample.stamp_ns, position, velocity, effort)
        return self._merge(sample.stamp_ns, position, velocity, effort)

    def _merge(
        self, stamp_ns: int, position: Vector, velocity: Vector, effort: Vector
    ) -> JointState | None:
        """Put a partial message to those heard shortly before; return the state once complete."""
        self.counters['partial'] += 1
        self._merged[:, self._found] = position, velocity, effort
        self._heard[self._found] = True
        self._heard_ns[self._found] = stamp_ns
        old = self._heard & (np.abs(self._heard_ns - stamp_ns) > self._max_age_ns)
        if old.any():
            self.counters['partial_too_old'] += 1
            self._heard[old] = False
        if not self._heard.all():
            return None
        self._heard[:] = False
        self.counters['accepted'] += 1
        merged = self._merged.copy()
        return JointState(int(self._heard_ns.max()), merged[0], merged[1], merged[2])


def _pick(values: Sequence[float], index: list[int]) -> Vector:
    """Return the values at ``index``; NaN where the message has none or no believable one."""
    if not len(values):
        return np.full(len(index), np.nan)
    picked = np.asarray(values, dtype=np.float64)[index]
    picked[np.abs(picked) > LARGEST_VALUE] = np.nan
    return picked


def joint_map_entries(joint_map: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the model's name and that in the messages of entries ``model_joint:message_name``.

    Raises:
        ConfigError: If an entry is not of that form.
    """
    for entry in joint_map:
        joint, colon, name = entry.partition(':')
        if not (joint and colon and name):
            raise ConfigError(f'joint_map must hold model_joint:message_name, got {entry!r}.')
        yield joint, name


def check_distinct(names: Mapping[str, str]) -> None:
    """Raise :class:`ConfigError` if a ``joint_map`` has given two joints one name."""
    if len(set(names.values())) != len(names):
        raise ConfigError(f'joint_map gives two joints one name: {sorted(names.values())}.')
