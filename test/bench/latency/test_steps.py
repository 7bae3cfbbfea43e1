# SPDX-License-Identifier: Apache-2.0
"""The benchmark times the same work on both sides."""

import gc
import json

from lstm_dynamics_bench.latency import steps as module
from lstm_dynamics_bench.latency.steps import benchmark_latency, HEAD, LatencySummary
from lstm_dynamics_ros.evaluation.metrics import MetricError
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest


def test_both_contenders_compute_the_same(forward_model: LoadedModel) -> None:
    inputs = np.random.default_rng(0).normal(size=(16, 6)).astype(np.float32)
    ours, plain = module._preallocated(forward_model, inputs), module._plain(forward_model, inputs)
    for _ in range(40):
        assert_allclose(np.asarray(ours()), np.asarray(plain()), rtol=1e-6)


def test_every_contender_has_its_figures_and_the_pair_its_ratio(
    forward_model: LoadedModel,
) -> None:
    ticks = []
    result = benchmark_latency(forward_model, steps=120, others={'tick': lambda: ticks.append(1)})
    read = json.loads(json.dumps(result.to_json()))
    assert set(read['latency_us']) == {'step', 'session_run', 'tick'}
    assert read['latency_us']['step']['n'] == 150
    assert len(ticks) == 150 + module.WARM_UP
    low, high = read['step_over_session_run']['quartiles']
    assert 0 < low <= read['step_over_session_run']['median'] <= high
    assert read['model']['sha256'] == forward_model.sha256
    assert {'onnxruntime', 'numpy', 'python'} <= set(read['versions'])
    assert 'session_run' in result.text()
    assert gc.isenabled()


def test_percentiles_are_in_microseconds() -> None:
    summary = LatencySummary.of(1000 * np.arange(1001, dtype=np.int64))
    expected = {'n': 1001, 'p50': 500.0, 'p99': 990.0, 'p99_9': 999.0, 'max': 1000.0}
    assert summary.to_json() == pytest.approx(expected)


def test_a_row_has_a_cell_for_every_column() -> None:
    cells = LatencySummary.of(np.array([1500], np.int64)).cells()
    assert len(['name', *cells]) == len(HEAD)
    assert cells == ['1.5'] * 4


def test_nothing_to_summarise_is_refused() -> None:
    with pytest.raises(MetricError, match='no duration'):
        LatencySummary.of(np.zeros(0, np.int64))
