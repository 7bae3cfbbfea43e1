# SPDX-License-Identifier: Apache-2.0
"""Tests for unit_memory.py, against a unit whose memory is known in closed form."""

import math

from lstm_dynamics_ros.learning.interpretation.observed import NodeRecord
from lstm_dynamics_ros.learning.interpretation.onnx_operators import Node
from lstm_dynamics_ros.learning.interpretation.onnx_recurrent import RecurrentNode
from lstm_dynamics_ros.learning.interpretation.unit_memory import (
    decay_time,
    followed,
    node_activity,
)
import numpy as np
import pytest
import torch
from torch import Tensor

DT = 0.01
KEEPS = (0.5, 0.8, 0.97)


def node_of(kind: str, w: Tensor, r: Tensor, bias: Tensor) -> RecurrentNode:
    more = {} if kind == 'LSTM' else {'linear_before_reset': 1}
    known = [None, w, r, bias]
    return RecurrentNode(Node(kind, '/cell', more, known, [False] * 4, torch.float64))


def leaky() -> RecurrentNode:
    """Return a GRU whose update gates stand at KEEPS, so that h' = (1 - z) n + z h."""
    gates = torch.tensor([math.log(z / (1 - z)) for z in KEEPS], dtype=torch.float64)
    bias = torch.zeros(1, 18, dtype=torch.float64)
    bias[0, :3] = gates
    w, r = torch.zeros(1, 9, 2).double(), torch.zeros(1, 9, 3).double()
    return node_of('GRU', w, r, bias)


def record_of(node: RecurrentNode, steps: int, moments: int) -> NodeRecord:
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(steps, moments, 2, generator=generator).double()
    state = torch.randn(moments, node.state_size, generator=generator).double()
    before, hidden, gates = [], [], []
    for x in inputs:
        before.append(state)
        state, opened = node.step(x, state)
        hidden.append(state[:, : node.hidden_size])
        gates.append(opened)
    return NodeRecord(
        inputs.numpy(),
        torch.stack(before).numpy(),
        torch.stack(hidden).numpy(),
        {name: torch.stack([g[name] for g in gates]).numpy() for name in node.gate_names},
    )


def test_a_leaky_unit_is_left_with_a_power_of_its_gate() -> None:
    node = leaky()
    ages, kept, strongest = followed(node, record_of(node, 60, 2), 60)
    np.testing.assert_allclose(kept, np.array(KEEPS) ** ages[:, None], rtol=1e-9)
    np.testing.assert_allclose(strongest, max(KEEPS) ** ages, rtol=1e-9)


def test_both_time_constants_of_a_leaky_unit_agree() -> None:
    node = leaky()
    found = node_activity(node, record_of(node, 60, 2), DT, 60)
    expected = [-DT / math.log(z) for z in KEEPS]
    np.testing.assert_allclose(found.gate_time, expected, rtol=1e-9)
    np.testing.assert_allclose(found.decay_time, expected, rtol=1e-6)
    np.testing.assert_allclose(found.mean[0], KEEPS)


def test_a_gate_that_is_nearly_open_is_saturated() -> None:
    node = leaky()
    found = node_activity(node, record_of(node, 20, 2), DT, 20)
    np.testing.assert_array_equal(found.opened[0], [0.0, 0.0, 1.0])
    np.testing.assert_array_equal(found.closed, 0.0)


def test_the_memory_of_an_lstm_is_that_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(1)
    w, r, bias = (
        torch.randn(shape, generator=generator).double()
        for shape in ((1, 16, 2), (1, 16, 4), (1, 32))
    )
    node = node_of('LSTM', w, r, bias)
    record = record_of(node, 8, 1)
    ages, kept, _ = followed(node, record, 5)
    unit, step = 2, 1e-6

    def cell_after(nudge: float) -> float:
        state = torch.from_numpy(record.before[0].copy())
        state[0, 4 + unit] += nudge
        for x in torch.from_numpy(record.inputs[:5]):
            state, _ = node.step(x, state)
        return float(state[0, 4 + unit])

    slope = (cell_after(step) - cell_after(-step)) / (2 * step)
    assert ages[-1] == 5
    assert kept[-1, unit] == pytest.approx(abs(slope), rel=1e-5)


def test_the_decay_time_is_where_an_exponential_is_at_one_over_e() -> None:
    ages = np.array([0.0, 3.0, 10.0, 40.0])
    assert decay_time(ages, np.exp(-ages / 7.5)) == pytest.approx(7.5)


def test_what_has_not_decayed_has_no_decay_time() -> None:
    assert decay_time(np.arange(5.0), np.array([1.0, 0.2, 0.2, 0.3, 0.9])) == math.inf


def test_a_node_too_wide_is_left_to_its_gates() -> None:
    size = 600
    w, r = torch.zeros(1, 4 * size, 2).double(), torch.zeros(1, 4 * size, size).double()
    node = node_of('LSTM', w, r, torch.zeros(1, 8 * size).double())
    found = node_activity(node, record_of(node, 3, 1), DT, 3)
    assert len(found.ages) == len(found.decay_time) == 0
    np.testing.assert_allclose(found.gate_time, -DT / math.log(0.5))
