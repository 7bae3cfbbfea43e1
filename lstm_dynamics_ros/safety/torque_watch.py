# SPDX-License-Identifier: Apache-2.0
"""Whether torque may go on: the process ran without a break, simulated time runs, data are new."""

from collections.abc import Callable
from dataclasses import dataclass

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.safety.clock_watch import ClockState, ClockWatch
from lstm_dynamics_ros.safety.state import State, StateMachine

SHARE_OF_TIMEOUT = 0.8
"""Joint states count as stopped after this share of the time after which they are lost, so that a
pause is known for one in time."""

WINDOW = 2.0
"""Time in which the shortest delay is what is usual [s]; between one and two of it are kept.
Clocks that NTP brings together at its fastest, 0.5 ms per second, look like 2 ms of delay at
most, and a robot whose own clock loses cycles is late only for that long."""

SET_BACK = 0.1
"""A stamp that is older than the one before by more is of a clock that was set back [s]."""


@dataclass(frozen=True, kw_only=True)
class WatchSettings:
    """How long the node, or simulated time, may stand still."""

    stall_timeout: float = parameter(
        0.05,
        'Time that the node itself may not run while armed (stopped, starved of processor time, '
        'busy elsewhere); longer is a fault.',
        unit='s',
        minimum=0.02,
        maximum=1.0,
        reconfigurable=True,
    )
    clock_timeout: float = parameter(
        0.25,
        'With use_sim_time: time without a new time on /clock after which it stands still. Arming '
        'needs a clock that runs, and one that dies while armed is a fault.',
        unit='s',
        minimum=0.02,
        maximum=10.0,
        reconfigurable=True,
    )
    pause_timeout: float = parameter(
        60.0,
        'With use_sim_time: longest pause of the simulation (/clock and joint states stop '
        'together). Torque ends with every pause; one that took it and lasts longer is a fault.',
        unit='s',
        minimum=1.0,
        maximum=3600.0,
        reconfigurable=True,
    )


class StallWatch:
    """Notices that the process did not run for a while: stopped, starved, or busy elsewhere.

    Whoever may send torque calls :meth:`look` more often than ``longest``, and once more right
    before it sends. Data that waited meanwhile look like new ones; the time between two looks
    does not. Times are seconds of a steady clock (``time.monotonic()``).

    Args:
        longest: Longest time between two looks that is no stall [s].
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self._looked: float | None = None

    def begin(self, now: float) -> None:
        """Count from ``now`` [s]; what was before does not matter."""
        self._looked = now

    def look(self, now: float) -> str:
        """Return what stood still since the last look, one sentence; empty if nothing did."""
        before, self._looked = self._looked, now
        if before is None or now - before <= self.longest:
            return ''
        return (
            f'This node did not run for {now - before:.3f} s while armed (stall_timeout is '
            f'{self.longest:g} s). Give it processor time, or a real-time priority.'
        )


class DelayWatch:
    """Compares the age of joint states on arrival with the least of the last seconds.

    What waited somewhere on its way comes with an old stamp. How old can be said only where clocks
    agree; how much older than the others can be said always.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything, e.g. when another clock is looked at."""
        self.excess = 0.0
        """How much later than usual the newest joint state came [s]."""
        self._least = self._least_before = float('inf')
        self._begin: float | None = None
        self._stamp_ns: int | None = None

    def take(self, now: float, stamp_ns: int) -> None:
        """Take in a joint state.

        Args:
            now: When it came [s], on a clock that runs as fast as that of the stamps.
            stamp_ns: Its stamp [ns].
        """
        before = self._stamp_ns
        if before is not None and stamp_ns < before - SET_BACK * NANOSECONDS:
            self.reset()
        self._stamp_ns = stamp_ns
        delay = now - stamp_ns / NANOSECONDS
        if self._begin is None or not 0.0 <= now - self._begin < WINDOW:
            self._begin = now
            self._least_before, self._least = self._least, delay
        self._least = min(self._least, delay)
        self.excess = delay - min(self._least, self._least_before)


class TorqueWatch:
    """Revokes torque when the process was stalled, data are old or simulated time stands.

    Times are seconds of a steady clock (``time.monotonic()``).

    Args:
        settings: How long they may stand still.
        timeout: Time without a usable joint state after which those are lost [s].
        longest_delay: How much later than usual a usable joint state may come [s].
        machine: State of the node.
        revoke: Disarms without a fault, for a reason.
    """

    def __init__(
        self,
        settings: WatchSettings,
        timeout: float,
        longest_delay: float,
        machine: StateMachine,
        revoke: Callable[[str], None],
    ) -> None:
        silence = SHARE_OF_TIMEOUT * timeout
        self.clock = ClockWatch(settings.clock_timeout, silence, settings.pause_timeout)
        self._stall = StallWatch(settings.stall_timeout)
        self._delay = DelayWatch()
        self._longest_delay = longest_delay
        self._machine = machine
        self._revoke = revoke
        self._looked = 0.0
        self._simulated = False
        self._broken_off = False  # whether a pause took torque

    def reconfigure(self, settings: WatchSettings, timeout: float, longest_delay: float) -> None:
        """Take over other bounds."""
        self._longest_delay = longest_delay
        self._stall.longest = settings.stall_timeout
        self.clock.timeout = settings.clock_timeout
        self.clock.silence = SHARE_OF_TIMEOUT * timeout
        self.clock.longest_pause = settings.pause_timeout

    @property
    def armed(self) -> bool:
        """Whether a person has allowed torque, and all is not settled since it was revoked."""
        return self._machine.state in {State.ARMED, State.DEGRADED}

    def begin(self, now: float) -> None:
        """Count from arming at ``now`` [s]; what was before does not matter."""
        self._stall.begin(now)

    def start_over(self) -> None:
        """Take the next joint state for one that comes as usual; asked for by a person."""
        self._delay.reset()

    def used(self, now: float, stamp_ns: int) -> None:
        """Note a usable joint state.

        Args:
            now: When it was used [s].
            stamp_ns: Its stamp [ns]; 0 for none.
        """
        self.clock.used(now)
        if stamp_ns and not self._simulated:  # /clock may be slow, and says little on delays
            self._delay.take(now, stamp_ns)

    def late(self) -> str:
        """Return that joint states come late, one sentence; empty if they do not."""
        if self._delay.excess <= self._longest_delay:
            return ''
        return (
            f'The newest joint state came {self._delay.excess:.3f} s later than usual, by its '
            'stamp. It waited on its way: look at the network, and at the load of the machines.'
        )

    def check(self, now: float, time_ns: int | None) -> bool:
        """Look at whether torque may go on, and revoke it if it may not.

        To be called at the begin of everything that looks after the robot, and once more right
        before torque is sent: whatever comes first after a stall, nothing old is sent.

        Args:
            now: The time [s].
            time_ns: Simulated time [ns], 0 before there is any; None on system time.

        Returns:
            False if torque was revoked just now, so that what was computed must not be sent.
        """
        self._looked = now
        before = self.armed
        problem = self._stall.look(now) or self.late()
        if before and problem:
            self._machine.fail(problem)
        if time_ns is not None:
            self._look_at_clock(now, time_ns)
        if self._simulated != (time_ns is not None):
            self._simulated = time_ns is not None
            self._delay.reset()
            if time_ns is None:
                self.clock.reset()
        return self.armed or not before

    def _look_at_clock(self, now: float, time_ns: int) -> None:
        clock = self.clock
        if clock.look(now, time_ns):
            self._revoke('/clock was set back: the simulation started over.')
        if not (self.armed or self._broken_off):
            return
        state = clock.state(now)
        if state is ClockState.STOPPED:
            self._machine.fail(clock.reason(now))
        elif state is ClockState.PAUSED:
            self._broken_off = True
            self._revoke(clock.reason(now))
        if state is not ClockState.PAUSED:
            self._broken_off = False

    @property
    def paused(self) -> bool:
        """Whether the simulation was paused at the last look, so that joint states cannot come."""
        return self._simulated and self.clock.state(self._looked) is ClockState.PAUSED

    @property
    def clock_reason(self) -> str:
        """Why simulated time did not run at the last look; empty if it did, or on system time."""
        return self.clock.reason(self._looked) if self._simulated else ''


class Watchdog:
    """Notices when something that should come regularly does not.

    Times are seconds of a steady clock (``time.monotonic()``), never ROS or wall time, which may
    stand still or jump.

    Args:
        timeout: Age at which the data count as lost [s].
    """

    def __init__(self, timeout: float) -> None:
        if not timeout > 0:
            raise ConfigError(f'timeout must be > 0 s, got {timeout}.')
        self.timeout = timeout
        self._fed: float | None = None

    def feed(self, now: float) -> None:
        """Note that data came at ``now`` [s]."""
        self._fed = now

    def forget(self) -> None:
        """Start over, as if nothing had ever come; a pause of simulated time ends like this."""
        self._fed = None

    def age(self, now: float) -> float | None:
        """Return the age of the newest data [s], or None if none ever came."""
        return None if self._fed is None else max(0.0, now - self._fed)

    def expired(self, now: float) -> bool:
        """Return whether data came once and are too old now."""
        age = self.age(now)
        return age is not None and age > self.timeout
