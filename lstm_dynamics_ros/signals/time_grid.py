# SPDX-License-Identifier: Apache-2.0
"""From messages to joint states on the model's time grid, whatever the messages' rate.

:class:`Intake` picks the model's joints out of a message; :class:`GridSampler` places their states
at stamp multiples of dt. Training, offline replay and the live node all do it with these, so a
model sees at run time exactly what it saw in training. A grid point is emitted as soon as a
message at or after it has come, and its value is the straight line between the two messages around
it (the message itself when it sits on the grid). The result depends on stamps alone, never on when
a message happened to arrive.
"""

from collections.abc import Iterator, Mapping, Sequence
import math
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import ConfigError, JointNamesError
from lstm_dynamics_ros.core.state import Flags, JointState, NANOSECONDS, RawSample, Vector
import numpy as np
from numpy.typing import NDArray


def continuous_joints(joint_types: Sequence[str]) -> NDArray[np.bool_]:
    """Return which joints turn without end, and so wrap at +-pi, shape (n_joints,)."""
    return np.array([kind == 'continuous' for kind in joint_types])


def wrap(angle: Vector) -> Vector:
    """Return angles [rad] wrapped to [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def short_way(difference: Vector, continuous: NDArray[np.bool_]) -> Vector:
    """Return differences of positions, the short way round for continuous joints.

    Args:
        difference: One position less another [rad] or [m], shape (..., n_joints).
        continuous: Which joints turn without end, shape (n_joints,).
    """
    return np.where(continuous, wrap(difference), difference)


def turns(continuous: Flags) -> Vector:
    """Return what one turn of each joint is for :func:`without_turns` [rad], (n_joints,)."""
    return 2 * math.pi * np.array(continuous, np.float64)


def without_turns(difference: Vector, turn: Vector | float = 2 * math.pi) -> Vector:
    """Return differences of positions without the whole turns in them.

    As :func:`short_way`, but what is less than half a turn keeps all of its bits.

    Args:
        difference: One position less another [rad] or [m], shape (..., n_joints).
        turn: 2 pi for a continuous joint, 0 for others [rad], see :func:`turns`.
    """
    return difference - turn * np.round(difference / (2 * math.pi))


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
        if len(sample.position) != n or not (
            len(sample.velocity) in {0, n} and len(sample.effort) in {0, n}
        ):
            return self._dropped('wrong_length')
        if not self._distinct:
            return self._dropped('duplicate_names')
        if not self._found:
            return self._dropped('other_joints')
        return self._collect(sample)

    def _remember(self, names: tuple[str, ...]) -> None:
        self.last_names = names
        where = {name: i for i, name in enumerate(names)}
        self._distinct = len(where) == len(names)
        self._found = [j for j, name in enumerate(self._wanted) if name in where]
        self._index = [where[self._wanted[j]] for j in self._found] or [-1]

    def _dropped(self, reason: str) -> JointState | None:
        """Count a sample that is not used."""
        self.counters[reason] += 1
        self.last_drop = reason
        return None

    def _collect(self, sample: RawSample) -> JointState | None:
        position, finite = _pick(sample.position, self._index)
        if not finite:
            return self._dropped('position_not_finite')
        velocity, finite = _pick(sample.velocity, self._index)
        if self._need_velocity and not finite:
            return self._dropped('velocity_missing')
        effort, finite = _pick(sample.effort, self._index)
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


def _pick(values: Sequence[float], index: list[int]) -> tuple[Vector, bool]:
    """Return the values at ``index``, and whether there are such.

    NaN where the message has none or no believable one. So few numbers are quicker by hand.
    """
    if not len(values):
        return np.full(len(index), np.nan), False
    as_list = getattr(values, 'tolist', None)  # arrays are slow to take single values from
    given: Sequence[float] = values if as_list is None else as_list()
    picked = [
        value if -LARGEST_VALUE <= value <= LARGEST_VALUE else math.nan
        for value in map(given.__getitem__, index)
    ]
    return np.array(picked, np.float64), math.isfinite(sum(picked))


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


class GridPoint(NamedTuple):
    """The joint state at one multiple of dt."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs
    """Number of the grid point; its stamp is ``index * dt``."""
    state: JointState
    restarted: bool
    """True on the first point after a start, gap or clock jump: the past must be forgotten."""
    filled: bool
    """True if no message came within one dt before it, so it bridges missing messages."""


def nanoseconds(seconds: float) -> int:
    """Return a duration [s] as whole nanoseconds [ns]."""
    return round(seconds * NANOSECONDS)


class GridSampler:
    """Turns a stream of joint states into one state per grid point.

    Args:
        dt: Step of the grid [s].
        max_gap_steps: Longest distance between two messages that is bridged [steps]. After a
            longer one the grid restarts.
        continuous: Which joints wrap at +-pi, shape (n_joints,); None for none.
        tolerance: How early a message may be and still count as on the grid point [steps].
        derive_velocity: Replace the velocity by the change of position since the previous grid
            point over dt, for robots that publish none (zero at the first point).
        max_backward: A stamp older than the newest by more than this [s] is a clock that was set
            back (simulation reset, bag loop) and restarts the grid; by less it is out of order.
    """

    def __init__(
        self,
        dt: float,
        *,
        max_gap_steps: int = 5,
        continuous: NDArray[np.bool_] | None = None,
        tolerance: float = 0.01,
        derive_velocity: bool = False,
        max_backward: float = 0.1,
    ) -> None:
        if dt <= 0 or max_gap_steps < 1:
            raise ConfigError(f'dt must be > 0 and max_gap_steps >= 1, got {dt}, {max_gap_steps}.')
        self.dt_ns = nanoseconds(dt)
        self._gap_ns = round((max_gap_steps + 0.5) * self.dt_ns)
        self._early_ns = round(tolerance * self.dt_ns)
        self._backward_ns = nanoseconds(max_backward)
        turns = continuous is not None and bool(np.any(continuous))
        self._continuous = np.asarray(continuous, bool) if turns else None
        self.counters = dict.fromkeys(
            ('duplicate_stamp', 'out_of_order', 'clock_jump_back', 'gap', 'filled'), 0
        )
        self._derive = derive_velocity
        self._before: Vector | None = None
        self._last: JointState | None = None
        self._next = 0
        self._fresh = True

    def reset(self) -> None:
        """Forget the last message; the next one starts the grid anew."""
        self._last = None

    def push(self, state: JointState) -> list[GridPoint]:
        """Take in a message and return the grid points it completes, oldest first."""
        last = self._last
        if last is not None:
            age = state.stamp_ns - last.stamp_ns
            if age == 0:
                self.counters['duplicate_stamp'] += 1
                return []
            if age < 0 and -age <= self._backward_ns:
                self.counters['out_of_order'] += 1
                return []
            if age < 0 or age > self._gap_ns:
                self.counters['clock_jump_back' if age < 0 else 'gap'] += 1
                last = None
        self._last = state
        if last is None:
            self._fresh = True
            self._next = -((self._early_ns - state.stamp_ns) // self.dt_ns)
            last = state
        points = []
        while self._next * self.dt_ns <= state.stamp_ns + self._early_ns:
            point = self._point(last, state)
            points.append(self._with_velocity(point) if self._derive else point)
            self._next += 1
        return points

    def _point(self, last: JointState, state: JointState) -> GridPoint:
        """Return the state at the next grid point, between the two messages around it."""
        stamp = self._next * self.dt_ns
        filled = stamp - last.stamp_ns > self.dt_ns and stamp < state.stamp_ns
        self.counters['filled'] += filled
        fresh, self._fresh = self._fresh, False
        if stamp >= state.stamp_ns or last is state:
            same = stamp == state.stamp_ns
            placed = state if same else state._replace(stamp_ns=stamp)
            return GridPoint(self._next, placed, fresh, filled)
        weight = (stamp - last.stamp_ns) / (state.stamp_ns - last.stamp_ns)
        step = self._difference(state.position, last.position)
        between = JointState(
            stamp,
            last.position + weight * step,
            last.velocity + weight * (state.velocity - last.velocity),
            last.effort + weight * (state.effort - last.effort),
        )
        return GridPoint(self._next, between, fresh, filled)

    def _difference(self, after: Vector, before: Vector) -> Vector:
        """Return the motion between two positions, the short way round for continuous joints."""
        step = after - before
        return step if self._continuous is None else short_way(step, self._continuous)

    def _with_velocity(self, point: GridPoint) -> GridPoint:
        """Return the point with its velocity derived from the positions on the grid."""
        position = point.state.position
        before = position if point.restarted or self._before is None else self._before
        self._before = position
        velocity = self._difference(position, before) * (NANOSECONDS / self.dt_ns)
        return point._replace(state=point.state._replace(velocity=velocity))
