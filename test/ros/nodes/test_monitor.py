# SPDX-License-Identifier: Apache-2.0
"""Tests for monitor.py."""

from collections.abc import Callable
import math
from pathlib import Path

from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, Step
from lstm_dynamics_ros.ros.nodes.monitor import Latencies, Monitor, Rate
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest

DT = 5_000_000


def test_percentiles_are_those_of_numpy_to_the_width_of_a_bin() -> None:
    latencies = Latencies()
    values = np.random.default_rng(0).lognormal(12.5, 0.6, 5000).astype(int)
    for value in values:
        latencies.add(int(value))
    for percent in (50, 99):
        exact = np.percentile(values, percent) / 1000
        assert exact <= latencies.percentile(percent) <= exact + 20
    assert latencies.maximum == values.max()
    assert latencies.percentile(100) == pytest.approx(values.max() / 1000, abs=10)


def test_no_latencies_are_zero_and_a_clock_set_back_does_no_harm() -> None:
    latencies = Latencies()
    assert latencies.percentile(99) == 0.0
    latencies.add(-5)
    latencies.add(10**12)
    assert latencies.maximum == 10**12
    assert latencies.percentile(100) == 50_010.0


def test_a_rate_is_events_over_the_time_since_it_was_read() -> None:
    rate = Rate(now=0)
    rate.tick(30)
    assert rate.read(now=200_000_000) == pytest.approx(150.0)
    assert rate.read(now=200_000_000) == 0.0
    rate.tick()
    assert rate.read(now=1_200_000_000) == pytest.approx(1.0)
    assert rate.total == 31


@pytest.fixture
def ticks(make_model: Callable[..., Path], tmp_path: Path) -> tuple[Monitor, list[Step]]:
    """Return a monitor and 20 warm ticks of a model that promises 1 mrad for joint1, 2 for 2."""
    promised = {'1': {'position': {'model': [1e-3, 2e-3]}}}
    path = make_model(tmp_path / 'm.onnx', n_joints=2, washout=5, errors=promised)
    pipeline = Pipeline(load_model(path))
    names = ('joint1', 'joint2')
    rows = [RawSample(k * DT, names, [0.1, 0.2], [0.3, 0.4], [0.5, 0.6]) for k in range(25)]
    made = [tick for row in rows if (tick := pipeline.tick([row])) is not None and tick.warm]
    return Monitor(pipeline.card, DT, now=0), made


def test_missing_ticks_are_counted_from_the_stamps(ticks: tuple[Monitor, list[Step]]) -> None:
    monitor, made = ticks
    for tick in (*made[:5], *made[8:12]):
        monitor.ticked(tick, 100_000)
    snapshot = monitor.snapshot(now=90_000_000)
    assert snapshot.missed_ticks == 3
    assert snapshot.predictions == 9
    assert snapshot.prediction_hz == pytest.approx(100.0)
    assert snapshot.latency_us == {'p50': 100.0, 'p99': 100.0, 'max': 100.0}


def test_the_error_ratio_is_that_of_the_worst_joint(ticks: tuple[Monitor, list[Step]]) -> None:
    monitor, made = ticks
    errors = []
    for tick in made:
        monitor.ticked(tick, 0)
        assert tick.error is not None
        errors.append(tick.error.position)
    rms = np.sqrt(np.mean(np.square(errors), axis=0))
    assert monitor.snapshot(now=1).error_ratio == pytest.approx(max(rms / [1e-3, 2e-3]))
    assert math.isnan(monitor.snapshot(now=2).error_ratio)


def test_the_age_counts_from_the_newest_message(ticks: tuple[Monitor, list[Step]]) -> None:
    monitor, _ = ticks
    assert monitor.age(now=7) == math.inf
    monitor.arrived(3, now=1_000_000_000)
    snapshot = monitor.snapshot(now=1_500_000_000)
    assert (snapshot.age, snapshot.joint_states) == (0.5, 3)
    assert snapshot.joint_states_hz == pytest.approx(2.0)
