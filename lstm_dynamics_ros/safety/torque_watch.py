# SPDX-License-Identifier: Apache-2.0
"""Whether torque may go on: this process has run without a break, and so has simulated time."""

from collections.abc import Callable
from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.safety.clock_watch import ClockState, ClockWatch
from lstm_dynamics_ros.safety.stall_watch import StallWatch
from lstm_dynamics_ros.safety.state import State, StateMachine

SHARE_OF_TIMEOUT = 0.8
"""Joint states count as stopped after this share of the time after which they are lost, so that a
pause is known for one in time."""


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


class TorqueWatch:
    """Takes torque back when the process was stalled or simulated time does not run.

    Times are seconds of a steady clock (``time.monotonic()``).

    Args:
        settings: How long they may stand still.
        timeout: Time without a usable joint state after which those are lost [s].
        machine: State of the node.
        revoke: Disarms without a fault, for a reason.
    """

    def __init__(
        self,
        settings: WatchSettings,
        timeout: float,
        machine: StateMachine,
        revoke: Callable[[str], None],
    ) -> None:
        silence = SHARE_OF_TIMEOUT * timeout
        self.clock = ClockWatch(settings.clock_timeout, silence, settings.pause_timeout)
        self._stall = StallWatch(settings.stall_timeout)
        self._machine = machine
        self._revoke = revoke
        self._simulated = False
        self._broken_off = False  # whether a pause took torque

    def reconfigure(self, settings: WatchSettings, timeout: float) -> None:
        """Take over other bounds."""
        self._stall.longest = settings.stall_timeout
        self.clock.timeout = settings.clock_timeout
        self.clock.silence = SHARE_OF_TIMEOUT * timeout
        self.clock.longest_pause = settings.pause_timeout

    @property
    def armed(self) -> bool:
        """Whether a person has allowed torque, and all is not settled since it was taken back."""
        return self._machine.state in {State.ARMED, State.DEGRADED}

    def begin(self, now: float) -> None:
        """Count from arming at ``now`` [s]; what was before does not matter."""
        self._stall.begin(now)

    def check(self, now: float, time_ns: int | None) -> bool:
        """Look at whether torque may go on, and take it back if it may not.

        To be called at the begin of everything that looks after the robot, and once more right
        before torque is sent: whatever comes first after a stall, nothing old is sent.

        Args:
            now: The time [s].
            time_ns: Simulated time [ns], 0 before there is any; None on system time.

        Returns:
            False if torque was taken back just now, so that what was computed must not be sent.
        """
        before = self.armed
        problem = self._stall.look(now)
        if before and problem:
            self._machine.fail(problem)
        if time_ns is not None:
            self._look_at_clock(now, time_ns)
        elif self._simulated:
            self.clock.reset()
        self._simulated = time_ns is not None
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

    def paused(self, now: float) -> bool:
        """Return whether the simulation is paused, so that joint states cannot come."""
        return self._simulated and self.clock.state(now) is ClockState.PAUSED

    def clock_reason(self, now: float) -> str:
        """Return why simulated time does not run; empty if it does, or on system time."""
        return self.clock.reason(now) if self._simulated else ''
