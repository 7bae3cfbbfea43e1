# SPDX-License-Identifier: Apache-2.0
"""How the node is doing: rates, latencies and prediction errors, for diagnostics. No ROS here."""

from dataclasses import dataclass
import math

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.pipeline.pipeline import Step
import numpy as np

BIN = 10_000
"""Width of a latency bin [ns]."""

N_BINS = 5000
"""Latencies of 50 ms and more share the last bin; the maximum is exact anyway."""

FEWEST_TICKS = 100
"""Ticks before it is known how long one takes."""


class Latencies:
    """A histogram of latencies: exact count and maximum, percentiles to 10 us."""

    def __init__(self) -> None:
        self._bins = [0] * (N_BINS + 1)
        self.count = 0
        self.maximum = 0
        """Largest latency so far [ns]."""

    def add(self, latency: int) -> None:
        """Count one latency [ns]."""
        self._bins[min(max(latency, 0) // BIN, N_BINS)] += 1
        self.count += 1
        self.maximum = max(self.maximum, latency)

    def percentile(self, percent: float) -> float:
        """Return an upper bound of the percentile [us]; 0 before the first latency."""
        wanted = math.ceil(self.count * percent / 100)
        passed = 0
        for i, n in enumerate(self._bins):
            passed += n
            if passed >= wanted > 0:
                return min((i + 1) * BIN, self.maximum) / 1000
        return 0.0


class Rate:
    """Events per second over the time since it was last read."""

    def __init__(self, now: int) -> None:
        self._since = now
        self._count = 0
        self.total = 0
        """Events so far."""

    def tick(self, count: int = 1) -> None:
        """Count events."""
        self._count += count
        self.total += count

    def read(self, now: int) -> float:
        """Return the rate [Hz] since the last call and start anew; ``now`` on a steady clock."""
        seconds = (now - self._since) / NANOSECONDS
        rate = self._count / seconds if seconds > 0 else 0.0
        self._since, self._count = now, 0
        return rate


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What :meth:`Monitor.snapshot` found."""

    joint_states_hz: float
    prediction_hz: float
    age: float
    """Time since the newest message [s]; infinite before the first."""
    latency_us: dict[str, float]
    """From the arrival of a message to the publication: p50, p99, max [us]."""
    missed_ticks: int
    error_ratio: float
    """Largest ratio over the joints of the one-step position error since the last snapshot to
    that of the model card; NaN if unknown."""
    joint_states: int
    """Messages received in all."""
    predictions: int
    """Predictions published in all."""


class Monitor:
    """Collects while the node runs.

    Args:
        card: The model's card, for the error it promises.
        period_ns: Control period [ns].
        now: Time on a steady clock [ns].
    """

    def __init__(self, card: ModelCard, period_ns: int, now: int) -> None:
        self._period_ns = period_ns
        self._received = Rate(now)
        self._published = Rate(now)
        self._latencies = Latencies()
        self._ticks = Latencies()
        self._last_arrival: int | None = None
        self._last_stamp: int | None = None
        self._missed = 0
        promised = card.errors.get('1', {}).get('position', {}).get('model')
        self._promised = None if promised is None else np.asarray(promised)
        self._squares = np.zeros(card.n_joints)
        self._n_errors = 0

    def arrived(self, count: int, now: int) -> None:
        """Note messages that came at ``now`` on the steady clock [ns]."""
        self._received.tick(count)
        self._last_arrival = now

    def ticked(self, tick: Step, latency: int) -> None:
        """Note a tick that was published.

        Args:
            tick: The tick.
            latency: From the arrival of the message to the publication [ns].
        """
        if not tick.warm:
            self._last_stamp = None
            return
        self._published.tick()
        self._latencies.add(latency)
        if self._last_stamp is not None:
            steps = round((tick.stamp_ns - self._last_stamp) / self._period_ns)
            self._missed += max(0, steps - 1)
        self._last_stamp = tick.stamp_ns
        if tick.error is not None and np.isfinite(tick.error.position).all():
            self._squares += np.square(tick.error.position)
            self._n_errors += 1

    def computed(self, duration: int) -> None:
        """Note how much processor time a tick took [ns]."""
        self._ticks.add(duration)

    @property
    def tick_time(self) -> float | None:
        """99th percentile of the processor time of a tick [s]; None before there are enough."""
        if self._ticks.count < FEWEST_TICKS:
            return None
        return 1e-6 * self._ticks.percentile(99)

    def age(self, now: int) -> float:
        """Return the time since the newest message [s]; infinite before the first."""
        if self._last_arrival is None:
            return math.inf
        return (now - self._last_arrival) / NANOSECONDS

    def snapshot(self, now: int) -> Snapshot:
        """Return how things are, and start a new stretch for the rates and errors."""
        ratio = math.nan
        if self._promised is not None and self._n_errors:
            rms = np.sqrt(self._squares / self._n_errors)
            ratio = float(np.max(rms / np.maximum(self._promised, 1e-9)))
        self._squares[:] = 0.0
        self._n_errors = 0
        return Snapshot(
            joint_states_hz=self._received.read(now),
            prediction_hz=self._published.read(now),
            age=self.age(now),
            latency_us={
                'p50': self._latencies.percentile(50),
                'p99': self._latencies.percentile(99),
                'max': self._latencies.maximum / 1000,
            },
            missed_ticks=self._missed,
            error_ratio=ratio,
            joint_states=self._received.total,
            predictions=self._published.total,
        )
