# SPDX-License-Identifier: Apache-2.0
"""Percentiles of durations."""

from lstm_dynamics_bench.latency.summary import HEAD, LatencySummary
from lstm_dynamics_ros.evaluation.metrics import MetricError
import numpy as np
import pytest


def test_percentiles_are_in_microseconds() -> None:
    summary = LatencySummary.of(1000 * np.arange(1001, dtype=np.int64))
    expected = {'n': 1001, 'p50': 500.0, 'p99': 990.0, 'p99_9': 999.0, 'max': 1000.0}
    assert summary.to_json() == pytest.approx(expected)


def test_columns_stand_under_their_heads() -> None:
    row = LatencySummary.of(np.array([1500], np.int64)).row()
    assert len(row) == len(HEAD)
    assert row.split() == ['1.5'] * 4


def test_nothing_to_summarise_is_refused() -> None:
    with pytest.raises(MetricError, match='no duration'):
        LatencySummary.of(np.zeros(0, np.int64))
