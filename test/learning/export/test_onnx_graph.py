# SPDX-License-Identifier: Apache-2.0
"""Tests of the packed state and the ONNX graph."""

from lstm_dynamics_ros.learning.export.onnx_graph import OPSET, PackedStep, to_onnx
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
import onnx
import pytest
import torch

TYPES = ('revolute', 'continuous', 'prismatic')


def step(**settings: object) -> PackedStep:
    values = {'hidden_size': 8} | settings
    return PackedStep(DynamicsModel(ForwardSettings(**values), TYPES))  # type: ignore[arg-type]


@pytest.mark.parametrize('layers', [1, 2])
@pytest.mark.parametrize('history', [1, 2, 7])
@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_packing_loses_nothing(cell: str, history: int, layers: int) -> None:
    made = step(cell=cell, history_steps=history, num_layers=layers)
    _, *state = made(torch.randn(4, 9), *made.zero_state(4))
    _, *state = made(torch.randn(4, 9), *state)
    assert {tuple(part.shape) for part in state} == {(layers, 4, made.hidden_size)}
    again = made.pack(made.unpack(state))
    for part, other in zip(state, again, strict=True):
        torch.testing.assert_close(part, other, rtol=0, atol=0)


def test_the_tail_of_the_state_is_the_delay_line() -> None:
    made = step(cell='gru', history_steps=3)
    row = torch.randn(1, 9)
    _, h = made(row, *made.zero_state(1))
    assert made.hidden_size == 8 + 1 + 2 * 9
    torch.testing.assert_close(h[0, 0, 8:9], torch.ones(1))
    torch.testing.assert_close(h[0, 0, 9:18], row[0])  # the first stands for the past
    torch.testing.assert_close(h[0, 0, 18:27], row[0])


def test_the_graph_is_small_standard_and_for_any_number_of_rows() -> None:
    graph = to_onnx(step(hidden_size=128, history_steps=20))
    onnx.checker.check_model(graph, full_check=True)
    assert [(item.domain, item.version) for item in graph.opset_import] == [('', OPSET)]
    assert graph.ir_version <= 9
    assert len(graph.SerializeToString()) < 2_000_000
    assert {node.domain for node in graph.graph.node} == {''}
    names = [item.name for item in (*graph.graph.input, *graph.graph.output)]
    assert names == ['obs', 'h_in', 'c_in', 'prediction', 'h_out', 'c_out']
    for item in graph.graph.input:
        dims = item.type.tensor_type.shape.dim
        assert [dim.dim_param for dim in dims].count('N') == 1
        assert item.type.tensor_type.elem_type == onnx.TensorProto.FLOAT


def test_a_gru_has_no_cell_state() -> None:
    graph = to_onnx(step(cell='gru'))
    assert [item.name for item in graph.graph.output] == ['prediction', 'h_out']


def test_export_leaves_the_model_as_it_was() -> None:
    made = step()
    before = {name: part.clone() for name, part in made.state_dict().items()}
    to_onnx(made)
    for name, part in made.state_dict().items():
        torch.testing.assert_close(part, before[name], rtol=0, atol=0)
