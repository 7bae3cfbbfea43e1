# SPDX-License-Identifier: Apache-2.0
"""Whether simulated time runs, pauses together with the robot, or cannot be relied on."""

from enum import Enum


class ClockState(Enum):
    """What simulated time is doing."""

    RUNNING = 'running'
    """It has advanced lately."""
    PAUSED = 'paused'
    """It was advancing, and stopped together with the joint states, not too long ago."""
    STOPPED = 'stopped'
    """It never came, never advanced, or stands still without that being a pause."""


class ClockWatch:
    """Judges simulated time (``/clock``) by a steady clock and by the joint states.

    A pause of a simulator stops clock and joint states at once. A clock that stands still while
    joint states come is broken, and joint states that stop while the clock goes on are lost:
    neither is a pause. Times are seconds of a steady clock (``time.monotonic()``), but for that of
    the clock itself.

    Args:
        timeout: Time without an advance after which the clock stands still [s].
        silence: Time without a usable joint state after which those have stopped [s]. In a pause
            they stop at most half of this before the clock.
        longest_pause: Longest pause [s].
    """

    def __init__(self, timeout: float, silence: float, longest_pause: float) -> None:
        self.timeout = timeout
        self.silence = silence
        self.longest_pause = longest_pause
        self.reset()

    def reset(self) -> None:
        """Forget everything, e.g. when the node goes over to another clock."""
        self._time_ns = 0
        self._advances = 0
        self._advanced = 0.0
        self._came: float | None = None
        self._began = 0.0
        self._used: float | None = None

    def look(self, now: float, time_ns: int) -> bool:
        """Take in the simulated time.

        Args:
            now: When it was looked at [s].
            time_ns: What it was [ns]; 0 before there is any.

        Returns:
            Whether it was set back, as by a simulation that starts over.
        """
        before = self._time_ns
        if time_ns != before:
            self._time_ns = time_ns
            self._advances += 1
            self._advanced = now
        return time_ns < before

    def came(self, now: float) -> None:
        """Note that joint states came at ``now`` [s], usable or not."""
        if self._came is None or now - self._came > self.silence:
            self._began = now
        self._came = now

    def used(self, now: float) -> None:
        """Note that a usable joint state came at ``now`` [s]."""
        self._used = now

    def state(self, now: float) -> ClockState:
        """Return what simulated time is doing at ``now`` [s]."""
        if self._advances < 2 or self._alone:
            return ClockState.STOPPED
        still = now - self._advanced
        silent = self._silent_since_it_stopped(now)
        if still <= self.timeout and not silent:
            return ClockState.RUNNING
        # After a pause the first joint states may come before the first time.
        paused = (silent or self._began > self._advanced) and still <= self.longest_pause
        return ClockState.PAUSED if paused else ClockState.STOPPED

    def reason(self, now: float) -> str:
        """Return why simulated time does not run at ``now`` [s]; empty if it does."""
        state = self.state(now)
        if state is ClockState.RUNNING:
            return ''
        if state is ClockState.PAUSED:
            return 'The simulation is paused: /clock stands still, and no joint states come.'
        if not self._advances:
            return (
                'use_sim_time is set, but nothing has come on /clock. Start what publishes it, or '
                'set use_sim_time to false.'
            )
        if self._advances < 2:
            return 'use_sim_time is set, but /clock has not advanced. Is the simulation paused?'
        if now - self._advanced > self.longest_pause and not self._alone:
            return f'/clock stood still for more than pause_timeout ({self.longest_pause:g} s).'
        return (
            f'/clock stood still for more than clock_timeout ({self.timeout:g} s). That was no '
            'pause: joint states did not stop together with it.'
        )

    @property
    def _alone(self) -> bool:
        """Whether joint states came for too long while the clock stood still."""
        since = max(self._advanced, self._began)
        return self._came is not None and self._came - since > self.timeout

    def _silent_since_it_stopped(self, now: float) -> bool:
        """Return whether usable joint states stopped, and the clock did not go on after them."""
        if self._used is None or now - self._used <= self.silence:
            return False
        return self._advanced - self._used <= 0.5 * self.silence
