# SPDX-License-Identifier: Apache-2.0
"""The first half of a tick: from raw samples to trusted states on the model's time grid."""

from collections import deque

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, RawSample
from lstm_dynamics_ros.pipeline.settings import message_names, PipelineSettings
from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.signals.time_grid import (
    continuous_joints,
    GridPoint,
    GridSampler,
    Intake,
    nanoseconds,
    short_way,
)
import numpy as np

_REASONS = {
    'wrong_length': 'Joint states come with arrays of the wrong length.',
    'duplicate_names': 'Joint states come with the same joint twice.',
    'position_not_finite': 'Joint states come without finite positions.',
    'velocity_missing': 'The model needs velocity, and joint states come without it. '
    'Use derive_velocity to compute it from positions.',
}

LEFT_OUT_STEPS = 2
"""How long a message without the effort that a controller needs is left out, because one with it
may follow from another publisher [steps]. After that the model goes on without effort."""


SLOWEST_LIMIT = 0.5
"""Speed that every joint is allowed, however little it moved in training [rad/s] or [m/s]."""


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
        self._continuous = continuous_joints(card.joint_types)
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


class StateInput:
    """Takes in joint states of one robot: names, finite values, jumps, rate, time grid.

    Whether measured effort is needed is decided here and nowhere else. If a feature of the model
    is made from it, a message without is of no use. If the controller alone needs it, predictions
    go on without; such a message is left out only while one with effort came just before.

    Args:
        card: Card of the model.
        settings: How joint states are taken in.
        controller_needs_effort: Whether the controller follows measured effort.

    Raises:
        ConfigError: If the joint map does not fit the model.
        UnknownNameError: If the joint map names an unknown joint.
    """

    def __init__(
        self,
        card: ModelCard,
        settings: PipelineSettings,
        *,
        controller_needs_effort: bool = False,
    ) -> None:
        derive = settings.derive_velocity or card.velocity_source == 'derived'
        self._card = card
        self._features = card.made_from('effort')
        self._controller_needs_effort = controller_needs_effort and not self._features
        self._intake = Intake(
            card.joint_names,
            need_velocity=bool(card.made_from('velocity')) and not derive,
            need_effort=bool(self._features),
            rename=message_names(card, settings),
            max_partial_age=settings.max_gap_steps * card.dt,
        )
        self._jump_guard = JumpGuard(
            card, settings.jump_factor, settings.jump_patience, settings.max_backward
        )
        self._rate = RateMonitor(card.dt, card.dt_tolerance)
        self._grid = GridSampler(
            card.dt,
            max_gap_steps=settings.max_gap_steps,
            continuous=continuous_joints(card.joint_types),
            derive_velocity=derive,
            max_backward=settings.max_backward,
        )
        self._own = {'samples': 0}
        self._unused = 0
        self._most_unused = settings.max_gap_steps
        self._gap_ns = nanoseconds((settings.max_gap_steps + 0.5) * card.dt)
        self._left_out_ns = nanoseconds(LEFT_OUT_STEPS * card.dt)
        self._newest_ns = 0
        self._used_ns: int | None = None
        self._effort_ns: int | None = None
        self._effortless = 0

    def place(self, sample: RawSample) -> list[GridPoint]:
        """Return the grid points that a sample completes, oldest first."""
        self._own['samples'] += 1
        self._newest_ns = sample.stamp_ns
        state = self._intake.accept(sample)
        if state is not None and self._controller_needs_effort and self._leaves_out(state):
            state = None
        self._unused = self._unused + 1 if state is None else 0
        if state is None:
            return []
        self._used_ns = state.stamp_ns
        usable, jumped = self._jump_guard.check(state)
        if not usable:
            return []
        if jumped:
            self._grid.reset()
        self._rate.push(state.stamp_ns)
        return self._grid.push(state)

    @staticmethod
    def begin(point: GridPoint, *, is_control: bool) -> Step:
        """Return the step of a grid point, in which nothing else is filled yet.

        Args:
            point: The grid point.
            is_control: Whether it is a control point.
        """
        step = Step.__new__(Step)  # every other field has its stage
        step.point = point
        step.measured = point.state
        step.stamp_ns = point.state.stamp_ns
        step.is_control = is_control
        return step

    def _leaves_out(self, state: JointState) -> bool:
        """Return whether a state lacks effort that another publisher may send right after."""
        if np.isfinite(state.effort).all():
            self._effort_ns, self._effortless = state.stamp_ns, 0
            return False
        self._effortless += 1
        self._intake.counters['effort_missing'] += 1
        age = None if self._effort_ns is None else state.stamp_ns - self._effort_ns
        return age is not None and 0 <= age <= self._left_out_ns

    @property
    def missing(self) -> float:
        """Time since the newest usable joint state, by the stamps of unusable ones [s].

        0 while that is no longer than can be bridged, or for no more messages than that takes: one
        bad message proves nothing, whatever its stamp.
        """
        if self._used_ns is None or self._unused <= self._most_unused:
            return 0.0
        age = abs(self._newest_ns - self._used_ns)
        return age / NANOSECONDS if age > self._gap_ns else 0.0

    @property
    def lost(self) -> bool:
        """Whether messages come, and none was usable for longer than can be bridged."""
        return self.missing > 0.0

    def effort_missing(self) -> str:
        """Return which joints lack measured effort that is needed, for people; empty if none does.

        What may still be bridged is not missing yet.
        """
        if self._controller_needs_effort:
            lost = self._effortless > 0 and self._effort_ns is None
            if self._effortless > self._most_unused and self._effort_ns is not None:
                lost = abs(self._newest_ns - self._effort_ns) > self._gap_ns
            return self._without_effort() if lost else ''
        never = self._used_ns is None
        return self._dropped_for_effort() if never or self.lost else ''

    def _dropped_for_effort(self) -> str:
        """Return that messages are dropped because they lack effort; empty if it is not that.

        Of partial messages, those without effort are dropped and the others are not.
        """
        for_effort = self._features and self._intake.last_drop in {'', 'effort_missing'}
        return self._without_effort() if for_effort else ''

    def _without_effort(self) -> str:
        """Return who needs effort of which joints, and what to do; empty if all have it."""
        names = ', '.join(self._intake.without_effort)
        if not names:
            return ''
        who = 'controller' if self._controller_needs_effort else 'model'
        what = f' (for {", ".join(self._features)})' if self._features else ''
        return (
            f'The {who} needs effort{what}, and joint states hold no finite effort of {names}. '
            'Let the driver publish it (the state interface effort of ros2_control), or use a '
            f'{who} that does without.'
        )

    def reset(self) -> None:
        """Forget all messages; the next one starts the grid anew."""
        self._intake.reset()
        self._jump_guard.reset()
        self._rate.reset()
        self._grid.reset()

    def waiting_for(self) -> str:
        """Return why samples cannot be used, for people; empty if they can."""
        if self._own['samples'] == 0:
            return 'No joint state has come yet.'
        never = self._intake.counters['accepted'] == 0
        if not (never or self.lost or self._unused > 10 * len(self._card.joint_names)):
            return ''
        if names := self._intake.explain_names():
            return str(names)
        if text := self._dropped_for_effort():
            return text
        return _REASONS.get(self._intake.last_drop, 'Waiting for the other joints.')

    def too_slow(self) -> str:
        """Return that messages come too slowly for the model, for people; empty if not."""
        period = self._rate.period
        if period is None or not self._rate.too_slow:
            return ''
        return (
            f'Joint states come every {period * 1e3:.3g} ms, but the model needs them every '
            f'{self._card.dt * 1e3:.3g} ms.'
        )

    @property
    def message_period(self) -> float | None:
        """Median time between two messages [s]; None before enough have come."""
        return self._rate.period

    @property
    def counters(self) -> dict[str, int]:
        """All counters since the start, by name."""
        parts = (self._intake.counters, self._jump_guard.counters, self._grid.counters, self._own)
        return {name: count for part in parts for name, count in part.items()}
