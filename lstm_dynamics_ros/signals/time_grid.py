# SPDX-License-Identifier: Apache-2.0
"""The model's time grid: joint states at stamp multiples of dt, whatever the messages' rate.

Training, offline replay and the live node all place samples with :class:`GridSampler`, so a model
sees at run time exactly what it saw in training. A grid point is emitted as soon as a message at
or after it has come, and its value is the straight line between the two messages around it (the
message itself when it sits on the grid). The result depends on stamps alone, never on when a
message happened to arrive.
"""

from typing import NamedTuple

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, Vector
from lstm_dynamics_ros.signals.angles import short_way
import numpy as np
from numpy.typing import NDArray


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
        self._continuous = None if continuous is None else np.asarray(continuous, bool)
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
            return GridPoint(self._next, state._replace(stamp_ns=stamp), fresh, filled)
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
