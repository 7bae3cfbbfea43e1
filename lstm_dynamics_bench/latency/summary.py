# SPDX-License-Identifier: Apache-2.0
"""Durations boiled down to the figures that matter for a control loop: the tail, not the mean."""

from dataclasses import asdict, dataclass

from lstm_dynamics_ros.evaluation.metrics import MetricError
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class LatencySummary:
    """Percentiles of durations [us]."""

    n: int
    p50: float
    p99: float
    p99_9: float
    max: float

    @classmethod
    def of(cls, durations_ns: NDArray[np.int64]) -> 'LatencySummary':
        """Summarise durations [ns].

        Raises:
            MetricError: If there is none.
        """
        if not len(durations_ns):
            raise MetricError('There is no duration to summarise.')
        p50, p99, p99_9 = np.percentile(durations_ns, [50, 99, 99.9]) / 1e3
        return cls(
            n=len(durations_ns),
            p50=float(p50),
            p99=float(p99),
            p99_9=float(p99_9),
            max=float(durations_ns.max()) / 1e3,
        )

    def to_json(self) -> dict[str, float]:
        """Return the figures by name."""
        return asdict(self)

    def row(self) -> str:
        """Return the figures as columns of a text table, widths 10."""
        return f'{self.p50:10.1f}{self.p99:10.1f}{self.p99_9:10.1f}{self.max:10.1f}'


HEAD = f'{"p50":>10}{"p99":>10}{"p99.9":>10}{"max":>10}'
"""Head of the columns of :meth:`LatencySummary.row`."""
