# SPDX-License-Identifier: Apache-2.0
"""Whether the process that sends torque has itself run without a break."""


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
