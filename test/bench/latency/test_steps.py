# SPDX-License-Identifier: Apache-2.0
"""The benchmark times the same work on both sides."""

import gc
import json

from lstm_dynamics_bench.latency import steps as module
from lstm_dynamics_bench.latency.steps import benchmark_latency
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.testing import assert_allclose


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
