# SPDX-License-Identifier: Apache-2.0
"""Stands between a stream of commands and a controller that would hold the last one for ever.

A stream that stops is followed by the safe command, and nothing more is let through until a person
allows it. Plain Python on purpose: what guards should depend on little.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
import math

from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.core.parameters import parameter

GUARD_COMMANDS = ('zero', 'ramp', 'hold')
"""zero: at once; ramp: to zero over ``ramp_time``; hold: the last one briefly, then zero."""

NOT_FROM_ZERO = (
    'A stream must begin with zero, or its sender must say that it has just been armed.'
)


@dataclass(frozen=True, kw_only=True)
class GuardSettings:
    """When a stream counts as stopped, and what is sent then."""

    timeout: float = parameter(
        0.05,
        'Time without a usable command after which the stream has stopped.',
        unit='s',
        minimum=0.005,
        maximum=0.5,
    )
    safe_command: str = parameter(
        'zero',
        'What is sent when the stream has stopped: zero at once, a ramp to zero, or the last '
        'command for hold_time and then zero.',
        choices=GUARD_COMMANDS,
    )
    ramp_time: float = parameter(0.03, 'Length of the ramp.', unit='s', minimum=0.001, maximum=0.2)
    hold_time: float = parameter(
        0.02, 'How long the last command is held.', unit='s', minimum=0.0, maximum=0.02
    )
    repeat_time: float = parameter(
        1.0, 'How long zero is repeated after that.', unit='s', minimum=0.1, maximum=60.0
    )
    quiet_time: float = parameter(
        0.25,
        'How long nothing must have come before a stream may start again after a stop.',
        unit='s',
        minimum=0.05,
        maximum=10.0,
    )
    joints: tuple[str, ...] = parameter(
        (),
        "The controller's joints, in its order. Empty asks the controller for its parameter "
        'joints.',
        reconfigurable=True,
    )
    limits: tuple[float, ...] = parameter(
        (),
        'Largest command that is let through, per joint in the order of the controller, or one '
        'for all; empty for any finite one.',
        unit='N m',
        minimum=0.0,
    )


class GuardState(Enum):
    """What the guard is doing. The values are what ``~/state`` says."""

    IDLE = 'idle'
    """No stream; nothing is sent."""
    FORWARDING = 'forwarding'
    """Commands are let through."""
    STOPPING = 'stopping'
    """The stream has stopped; the safe command is sent."""
    LATCHED = 'latched'
    """Nothing is let through until a person allows it."""


class ResetRefusedError(LstmDynamicsError):
    """A request to let a new stream through that cannot be granted now."""


class CommandGuard:
    """Decides what reaches the controller. Times are seconds of a steady clock.

    Args:
        settings: When a stream counts as stopped, and what is sent then.

    Raises:
        ConfigError: If there are limits for another number of joints.
    """

    def __init__(self, settings: GuardSettings) -> None:
        self.settings = settings
        self.state = GuardState.IDLE
        self.reason = ''
        """Why the last stream was stopped; empty if it ended as announced."""
        self.blocked = ''
        """Why no stream may start; set from outside."""
        self.counters = dict.fromkeys(
            ('forwarded', 'not_finite', 'over_limit', 'wrong_length', 'refused', 'stops'), 0
        )
        self.longest_gap = 0.0
        """Longest time between two commands of the present or last stream [s]."""
        self._last: Sequence[float] = ()
        self._fed = self._heard = -math.inf
        self._stopped = 0.0
        self.use_joints(settings.joints)

    def use_joints(self, joints: Sequence[str]) -> None:
        """Expect one value per joint; with no joints, as many as the first command has.

        Raises:
            ConfigError: If there are limits for another number of joints.
        """
        limits = self.settings.limits
        if joints and len(limits) > 1 and len(limits) != len(joints):
            raise ConfigError(
                f'limits must have one value, or one per joint: expected {len(joints)} for '
                f'{list(joints)}, got {len(limits)}.'
            )
        self._size = len(joints) or (len(limits) if len(limits) > 1 else 0)

    @property
    def idle(self) -> bool:
        """Whether there is no stream and none has just been stopped."""
        return self.state in {GuardState.IDLE, GuardState.LATCHED}

    def command(
        self, values: Sequence[float], now: float, *, armed_anew: bool = False
    ) -> Sequence[float] | None:
        """Take in a command.

        Args:
            values: One effort per joint [N m] or [N].
            now: When it came [s].
            armed_anew: Whether the sender says that a person has just armed it.

        Returns:
            What to send on, None for nothing.
        """
        quiet = now - self._heard
        self._heard = now
        problem = self._problem(values)
        if problem:
            self.counters[problem] += 1
            return None
        self._look(now)
        if self.state is not GuardState.FORWARDING:
            if not self._may_start(values, armed_anew=armed_anew, quiet=quiet):
                self.counters['refused'] += 1
                return None
            self.state, self.reason = GuardState.FORWARDING, ''
            self._fed, self.longest_gap = now, 0.0
        self.longest_gap = max(self.longest_gap, now - self._fed)
        self._fed, self._last = now, values
        self.counters['forwarded'] += 1
        return values

    def tick(self, now: float) -> Sequence[float] | None:
        """Look at the time; return the safe command while it is to be sent, else None."""
        self._look(now)
        if self.state is not GuardState.STOPPING:
            return None
        share, over = self._share(now - self._stopped)
        if over:
            self.state = GuardState.LATCHED
            return None
        return [share * value for value in self._last]

    def stop(self, reason: str, now: float) -> None:
        """Stop a stream that is being let through, for a reason from outside; it stays stopped."""
        if self.state is GuardState.FORWARDING:
            self.reason = reason
            self.state, self._stopped = GuardState.STOPPING, now
            self.counters['stops'] += 1

    def reset(self, now: float) -> None:
        """Let the next stream through; asked for by a person.

        Raises:
            ResetRefusedError: If commands are still coming.
        """
        if self.state is GuardState.FORWARDING:
            raise ResetRefusedError('Nothing to reset: commands are let through.')
        quiet = now - self._heard
        if quiet < self.settings.quiet_time:
            raise ResetRefusedError(
                f'Commands are still coming, the last one {quiet:.3f} s ago. Disarm the sender '
                f'first; it must have been silent for {self.settings.quiet_time:g} s.'
            )
        self.state, self.reason = GuardState.IDLE, ''

    @property
    def final_command(self) -> Sequence[float] | None:
        """What to send before the process ends: zero if the controller may hold anything else."""
        return None if self.idle else [0.0] * len(self._last)

    def _may_start(self, values: Sequence[float], *, armed_anew: bool, quiet: float) -> bool:
        """Return whether a stream may begin with these values."""
        if self.blocked:
            return False
        if self.state is not GuardState.IDLE:
            return armed_anew and quiet >= self.settings.quiet_time
        if armed_anew or not any(values):
            return True
        self.reason = NOT_FROM_ZERO  # a stream picked up half way, after a start of this process
        return False

    def _problem(self, values: Sequence[float]) -> str:
        """Return the counter of what is wrong with a command; empty if nothing is."""
        if not len(values) or len(values) != (self._size or len(values)):
            return 'wrong_length'
        if self.state is GuardState.FORWARDING and len(values) != len(self._last):
            return 'wrong_length'
        if not all(map(math.isfinite, values)):
            return 'not_finite'
        limits = self.settings.limits
        if limits:
            each = limits if len(limits) > 1 else limits * len(values)
            if any(abs(value) > limit for value, limit in zip(values, each, strict=True)):
                return 'over_limit'
        return ''

    def _look(self, now: float) -> None:
        """Notice that the stream has stopped, or has finished."""
        gap = now - self._fed
        if self.state is not GuardState.FORWARDING or gap <= self.settings.timeout:
            return
        self.longest_gap = gap
        if any(self._last):
            self.stop(f'The last usable command was {gap:.3f} s old.', now)
        else:
            self.state = GuardState.IDLE  # zero is how a sender says that it has finished

    def _share(self, elapsed: float) -> tuple[float, bool]:
        """Return the share of the last command that is sent now, and whether all is over."""
        settings = self.settings
        way = {'zero': 0.0, 'ramp': settings.ramp_time, 'hold': settings.hold_time}
        length = way[settings.safe_command]
        if elapsed >= length:
            return 0.0, elapsed > length + settings.repeat_time
        return (1.0 - elapsed / length if settings.safe_command == 'ramp' else 1.0), False
