# SPDX-License-Identifier: Apache-2.0
"""How much later than usual joint states come, by stamps of whatever clock."""

NANOSECONDS = 1_000_000_000

WINDOW = 2.0
"""Time in which the shortest delay is what is usual [s]; between one and two of it are kept.
Clocks that NTP brings together at its fastest, 0.5 ms per second, seem to cost 2 ms of delay at
most, and a robot whose own clock loses cycles is late only for that long."""

SET_BACK = 0.1
"""A stamp that is older than the one before by more is of a clock that was set back [s]."""


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
