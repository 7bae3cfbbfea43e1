# SPDX-License-Identifier: Apache-2.0
"""Tests for onnx_recurrent.py."""

from typing import Any

from lstm_dynamics_ros.learning.interpretation.onnx_operators import Node, OperatorError
from lstm_dynamics_ros.learning.interpretation.onnx_recurrent import RecurrentNode
import pytest
import torch
from torch import nn, Tensor

ORDER = {'LSTM': (0, 3, 1, 2), 'GRU': (1, 0, 2)}
"""Which of torch's gates stands where in the file."""


def node_of(kind: str, weights: list[Tensor], **attributes: Any) -> Node:  # noqa: ANN401
    known = [None, *weights]
    return Node(kind, 'cell', attributes, known, [False] * len(known), torch.float64)


def of_torch(layer: nn.LSTM | nn.GRU, kind: str) -> RecurrentNode:
    def ordered(name: str) -> Tensor:
        parts = getattr(layer, name).detach().chunk(len(ORDER[kind]))
        return torch.cat([parts[i] for i in ORDER[kind]]).unsqueeze(0)

    bias = torch.cat([ordered('bias_ih_l0'), ordered('bias_hh_l0')], 1)
    weights = [ordered('weight_ih_l0'), ordered('weight_hh_l0'), bias]
    more = {} if kind == 'LSTM' else {'linear_before_reset': 1}
    return RecurrentNode(node_of(kind, weights, hidden_size=6, **more))


def test_an_lstm_is_that_of_torch() -> None:
    layer = nn.LSTM(3, 6).double()
    x, h, c = torch.randn(5, 4, 3).double(), torch.randn(1, 4, 6).double(), torch.randn(1, 4, 6)
    y, last_h, last_c, _ = of_torch(layer, 'LSTM')(x, h, h, h, None, h, c.double())
    expected, (expected_h, expected_c) = layer(x, (h, c.double()))
    torch.testing.assert_close(y[:, 0], expected)
    torch.testing.assert_close(last_h, expected_h)
    torch.testing.assert_close(last_c, expected_c)


def test_a_gru_is_that_of_torch() -> None:
    layer = nn.GRU(3, 6).double()
    x, h = torch.randn(5, 4, 3).double(), torch.randn(1, 4, 6).double()
    y, last, _ = of_torch(layer, 'GRU')(x, h, h, h, None, h)
    expected, expected_last = layer(x, h)
    torch.testing.assert_close(y[:, 0], expected)
    torch.testing.assert_close(last, expected_last)


def test_a_gru_that_resets_before_the_product_is_refused() -> None:
    weights = [torch.zeros(1, 18, 3), torch.zeros(1, 18, 6), torch.zeros(1, 36)]
    with pytest.raises(OperatorError, match='linear_before_reset'):
        RecurrentNode(node_of('GRU', weights))


def test_the_gates_of_an_lstm_explain_its_cell() -> None:
    node = of_torch(nn.LSTM(3, 6).double(), 'LSTM')
    x, state = torch.randn(4, 3).double(), torch.randn(4, 12).double()
    after, gates = node.step(x, state)
    h, c = after.chunk(2, 1)
    torch.testing.assert_close(h, gates['output'] * torch.tanh(c))
    forgotten = (c - gates['forget'] * state[:, 6:]) / gates['input']
    assert (forgotten.abs() <= 1).all()


def test_the_activity_holds_the_state_before_and_after() -> None:
    node = of_torch(nn.LSTM(3, 6).double(), 'LSTM')
    x, h, c = torch.randn(1, 4, 3), torch.randn(1, 4, 6), torch.randn(1, 4, 6)
    *_, activity = node(x.double(), h, h, h, None, h.double(), c.double())
    torch.testing.assert_close(activity.before, torch.cat([h, c], 2)[0].double())
    torch.testing.assert_close(activity.after, node.step(x[0].double(), activity.before)[0])
    torch.testing.assert_close(activity.hidden, activity.after[:, :6])


@pytest.mark.parametrize(
    'attributes',
    [{'direction': 'bidirectional'}, {'activations': ['Relu']}, {'clip': 3.0}, {'layout': 1}],
)
def test_what_is_no_plain_forward_layer_is_refused(attributes: dict[str, Any]) -> None:
    weights = [torch.zeros(1, 24, 3), torch.zeros(1, 24, 6), torch.zeros(1, 48)]
    with pytest.raises(OperatorError, match=next(iter(attributes))):
        RecurrentNode(node_of('LSTM', weights, **attributes))
