# SPDX-License-Identifier: Apache-2.0
"""How old the newest data are, on a clock that nobody sets."""

from lstm_dynamics_ros.core.errors import ConfigError


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
