# SPDX-License-Identifier: Apache-2.0
"""Whether measurements can be true: jumps, rate, frozen values, and the range of training."""

from collections import deque
from collections.abc import Sequence
import math

from lstm_dynamics_ros.core.card import DERIVED_KINDS, ModelCard
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, Vector
from lstm_dynamics_ros.signals.time_grid import nanoseconds, short_way
import numpy as np
from numpy.typing import NDArray

SLOWEST_LIMIT = 0.5
"""Speed that every joint is allowed, however little it moved in training [rad/s] or [m/s]."""


def continuous_joints(card: ModelCard) -> NDArray[np.bool_]:
    """Return which joints wrap at +-pi, shape (n_joints,)."""
    return np.array([kind == 'continuous' for kind in card.joint_types])


class JumpGuard:
    """Drops a measurement that the robot cannot have reached since the one before.

    A single glitch of an encoder is left out, and the time grid bridges it like a lost message. A
    jump that persists is real (a teleported simulation, a re-zeroed encoder) and is let in.

    Args:
        card: Card with the speeds seen in training; joints without one are not guarded.
        factor: How many times the fastest speed in training is still believed; 0 lets all in.
        patience: Dropped messages in a row after which the next is believed.
        max_backward: How far a stamp may be behind the newest [s] before it means that the clock
            was set back; as in the time grid.
    """

    def __init__(
        self, card: ModelCard, factor: float, patience: int, max_backward: float = 0.1
    ) -> None:
        speeds = []
        for joint in card.joint_names:
            seen = card.training_ranges.get(f'velocity.{joint}')
            fastest = np.inf if seen is None else max(abs(seen.minimum), abs(seen.maximum))
            speeds.append(max(fastest, SLOWEST_LIMIT))
        self._speed = np.array(speeds) * (factor if factor > 0 else np.inf)
        self._continuous = continuous_joints(card)
        self._turns = bool(self._continuous.any())
        self._dt_ns = nanoseconds(card.dt)
        self._patience = patience
        self._backward_ns = nanoseconds(max_backward)
        self._last: JointState | None = None
        self._dropped = 0
        self.counters = dict.fromkeys(('jump_dropped', 'jump_believed'), 0)

    def reset(self) -> None:
        """Forget the last measurement."""
        self._last = None
        self._dropped = 0

    def check(self, state: JointState) -> tuple[bool, bool]:
        """Judge the next measurement.

        Returns:
            Whether to use it, and whether the past must be forgotten first.
        """
        last = self._last
        elapsed_ns = 0 if last is None else state.stamp_ns - last.stamp_ns
        if -self._backward_ns <= elapsed_ns <= 0 and last is not None:
            return True, False  # duplicate or out of order: the time grid drops it
        believed = False
        if last is not None and elapsed_ns > 0 and not self._reachable(last, state, elapsed_ns):
            if self._dropped < self._patience:
                self._dropped += 1
                self.counters['jump_dropped'] += 1
                return False, False
            self.counters['jump_believed'] += 1
            believed = True
        self._dropped = 0
        self._last = state
        return True, believed

    def _reachable(self, last: JointState, state: JointState, elapsed_ns: int) -> bool:
        # One dt is added, because stamps jitter: two messages may have nearly the same.
        elapsed = (elapsed_ns + self._dt_ns) / NANOSECONDS
        step = state.position - last.position
        motion = np.abs(short_way(step, self._continuous) if self._turns else step)
        return False not in (motion <= self._speed * elapsed).tolist()


class RateMonitor:
    """The running median of the message period, judged every few messages.

    Args:
        dt: Step of the model [s].
        tolerance: Relative excess of the period that is accepted.
        window: Number of periods the median is taken over.
    """

    def __init__(self, dt: float, tolerance: float, window: int = 50) -> None:
        self._limit_ns = nanoseconds(dt * (1.0 + tolerance))
        self._periods: deque[int] = deque(maxlen=window)
        self._last_ns: int | None = None
        self._until = 0
        self.period: float | None = None
        """Median period [s]; None before the first judgement."""

    @property
    def too_slow(self) -> bool:
        """Whether messages come more slowly than the model's step."""
        return self.period is not None and nanoseconds(self.period) > self._limit_ns

    def reset(self) -> None:
        """Forget all periods."""
        self._periods.clear()
        self._last_ns = None
        self._until = 0
        self.period = None

    def push(self, stamp_ns: int) -> None:
        """Take in the stamp of the next message [ns]."""
        last = self._last_ns
        if last is not None and stamp_ns == last:
            return
        self._last_ns = stamp_ns
        if last is None or stamp_ns < last:
            return
        self._periods.append(stamp_ns - last)
        self._until += 1
        if self._until * 2 >= (self._periods.maxlen or 1):  # twice per window
            self._until = 0
            self.period = float(np.median(self._periods)) / NANOSECONDS


class RangeCheck:
    """Which features are outside what the model saw in training.

    Args:
        card: Card with the training ranges; features without one, and positions of continuous
            joints, are never outside.
        margin: How far outside is still inside, as a share of the range.
    """

    def __init__(self, card: ModelCard, margin: float) -> None:
        self._names: list[str] = []
        lows, highs, where = [], [], []
        types = dict(zip(card.joint_names, card.joint_types, strict=True))
        for signal in card.features:
            seen = card.training_ranges.get(signal.name)
            turns = signal.kind == 'position' and types[signal.joint] == 'continuous'
            if seen is None or turns or signal.kind in DERIVED_KINDS:
                continue
            spare = margin * (seen.maximum - seen.minimum)
            self._names.append(signal.name)
            where.append(card.features.index(signal))
            lows.append(seen.minimum - spare)
            highs.append(seen.maximum + spare)
        self._low, self._high = np.array(lows), np.array(highs)
        self._columns = np.array(where, np.intp)

    def outside(self, observation: Vector) -> Sequence[str]:
        """Return the names of the features outside, e.g. ``('velocity.joint1',)``.

        Args:
            observation: What the model saw, shape (n_features,).
        """
        if not self._names:
            return ()
        values = observation.take(self._columns)
        out = ((values < self._low) | (values > self._high)).tolist()
        if True not in out:
            return ()
        return tuple(name for name, is_out in zip(self._names, out, strict=True) if is_out)


class FrozenSensor:
    """Notices joints whose values stand still while their command does not.

    A sensor or driver that has died often repeats its last values under new stamps. A robot that
    holds still may do the same, so that only a joint counts whose command has changed since its
    values last did: torque that rises and falls leaves a trace in position, velocity or effort.

    Args:
        change: Change of the command that must leave a trace [N m] or [N], shape (n_joints,).
        patience: How long the values must have stood still [s].
    """

    def __init__(self, change: Vector, patience: float) -> None:
        self._change = change
        self._patience_ns = nanoseconds(patience)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._before: JointState | None = None
        self._stamp_ns = 0

    def check(self, state: JointState, command: Vector) -> NDArray[np.bool_]:
        """Judge the next measurement.

        Args:
            state: The measurement. NaN stands for what is not measured.
            command: Effort that was commanded by anyone this package knows of, at that time
                [N m] or [N], shape (n_joints,).

        Returns:
            Which joints are frozen, shape (n_joints,).
        """
        before, self._before = self._before, state
        newer = before is not None and state.stamp_ns > self._stamp_ns
        if before is None or state.stamp_ns < self._stamp_ns or (newer and _moved(before, state)):
            self._stamp_ns = state.stamp_ns
            self._since_ns = np.full(len(command), state.stamp_ns)
            self._low, self._high = command.copy(), command.copy()
            return np.zeros(len(command), dtype=np.bool_)
        if newer:
            values, others = np.stack(state[1:]), np.stack(before[1:])
            same = ((values == others) | (np.isnan(values) & np.isnan(others))).all(axis=0)
            self._stamp_ns = state.stamp_ns
            self._since_ns = np.where(same, self._since_ns, state.stamp_ns)
            self._low = np.where(same, np.fmin(self._low, command), command)
            self._high = np.where(same, np.fmax(self._high, command), command)
        still = self._stamp_ns - self._since_ns >= self._patience_ns
        return still & (self._high - self._low > self._change)


def _moved(before: JointState, state: JointState) -> bool:
    """Return whether every joint has another position than before, which is the usual case."""
    known = math.isfinite(sum(before.position.tolist()))
    return known and True not in (state.position == before.position).tolist()
