# SPDX-License-Identifier: Apache-2.0
"""Tests for onnx_operators.py: every operator computes what onnxruntime computes."""

from pathlib import Path
from typing import Any

from lstm_dynamics_ros.learning.interpretation.onnx_operators import (
    dtype_of,
    Node,
    OperatorError,
    OPERATORS,
)
from lstm_dynamics_ros.learning.interpretation.onnx_recurrent import RECURRENT
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, numpy_helper, TensorProto
import onnxruntime
import pytest
import torch

Array = NDArray[Any]

RANDOM = np.random.default_rng(0)
A = RANDOM.normal(size=(3, 4)).astype(np.float32)
B = RANDOM.normal(size=(3, 4)).astype(np.float32)
POSITIVE = np.abs(A) + 0.1
SQUARE = RANDOM.normal(size=(4, 4)).astype(np.float32)
ROW = RANDOM.normal(size=4).astype(np.float32)
YES = A > 0
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
LOW, HIGH = np.array(-0.5, np.float32), np.array(0.5, np.float32)
MODELS = sorted((Path(__file__).parents[3] / 'models').glob('*.onnx'))


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


ONE = ('Identity', 'Neg', 'Abs', 'Exp', 'Sin', 'Cos', 'Tanh', 'Sigmoid', 'Round', 'Shape')
TWO = ('Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Greater', 'Less', 'Equal')
CASES: list[tuple[str, dict[str, Any], list[Array]]] = [
    *((name, {}, [A]) for name in ONE),
    *((name, {}, [POSITIVE]) for name in ('Sqrt', 'Reciprocal')),
    *((name, {}, [A, B]) for name in TWO),
    ('Not', {}, [YES]),
    ('Div', {}, [ints(-7, 7), ints(2, 2)]),
    ('Where', {}, [YES, A, B]),
    ('MatMul', {}, [A, SQUARE]),
    ('Gemm', {'transB': 1}, [A, SQUARE, ROW]),
    ('Cast', {'to': TensorProto.INT64}, [A * 3]),
    ('Cast', {'to': TensorProto.BOOL}, [A]),
    ('Clip', {}, [A, LOW, HIGH]),
    ('ReduceSum', {'keepdims': 0}, [A, ints(1)]),
    ('ReduceSum', {}, [X, ints(0, 2)]),
    ('ReduceMean', {'axes': [0], 'keepdims': 0}, [A]),
    ('ReduceMax', {'axes': [1]}, [A]),
    ('Concat', {'axis': 1}, [X, X[:, :1]]),
    ('Transpose', {'perm': [1, 0, 2]}, [X]),
    ('Flatten', {'axis': 1}, [X]),
    ('Flatten', {'axis': 0}, [X]),
    ('Reshape', {}, [X, ints(0, -1)]),
    ('Squeeze', {}, [X[:1], ints(0)]),
    ('Unsqueeze', {}, [X, ints(0, -1)]),
    ('Slice', {}, [X, ints(1), ints(2**60), ints(2)]),
    ('Slice', {}, [X, ints(-2, 0), ints(-1, 2), ints(1, 2), ints(1, 1)]),
    ('Slice', {}, [X, ints(0), ints(2**60), ints(2), ints(3)]),
    ('Gather', {'axis': 1}, [X, ints(2, 0, -1)]),
    ('Gather', {'axis': 2}, [X, np.array([[0, 1], [3, 2]])]),
    ('Gather', {'axis': 1}, [X, np.array(-1)]),
    ('Split', {'axis': 2}, [X, ints(1, 3)]),
    ('Expand', {}, [X[:1], ints(2, 1, 4)]),
    ('ConstantOfShape', {'value': torch.tensor([1.5])}, [ints(2, 3)]),
]
FIXED = {'Squeeze', 'Unsqueeze', 'Split', 'ReduceSum'}
"""Operators with an input that must not change."""


def by_onnxruntime(name: str, attributes: dict[str, Any], arrays: list[Array]) -> list[Array]:
    if 'value' in attributes:
        attributes = {'value': numpy_helper.from_array(attributes['value'].numpy())}
    names = [f'x{i}' for i in range(len(arrays))]
    infos = [
        helper.make_tensor_value_info(x, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for x, a in zip(names, arrays, strict=True)
    ]
    outputs = ['y', 'z'] if name == 'Split' else ['y']
    node = helper.make_node(name, names, outputs, **attributes)
    ends = [helper.make_empty_tensor_value_info(output) for output in outputs]
    graph = helper.make_graph([node], 'one', infos, ends)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider']
    )
    result: list[Array] = session.run(None, dict(zip(names, arrays, strict=True)))
    return result


def node_of(
    name: str, attributes: dict[str, Any], arrays: list[Array], *, constant: bool = True
) -> Node:
    known = [torch.as_tensor(array) if constant else None for array in arrays[1:]]
    return Node(
        operator=name,
        name='it',
        attributes=attributes,
        known=[None, *known],
        missing=[False] * len(arrays),
        dtype=torch.float32,
    )


@pytest.mark.parametrize('constant', [True, False], ids=['constant', 'changing'])
@pytest.mark.parametrize(
    ('name', 'attributes', 'arrays'), CASES, ids=[f'{c[0]}-{i}' for i, c in enumerate(CASES)]
)
def test_an_operator_computes_what_onnxruntime_computes(
    name: str, attributes: dict[str, Any], arrays: list[Array], constant: bool
) -> None:
    node = node_of(name, attributes, arrays, constant=constant or name in FIXED)
    got = OPERATORS[name](node)(*[torch.as_tensor(array) for array in arrays])
    parts = got if isinstance(got, tuple) else (got,)
    for part, expected in zip(parts, by_onnxruntime(name, attributes, arrays), strict=True):
        assert part.shape == expected.shape
        np.testing.assert_allclose(part.numpy(), expected, rtol=2e-5, atol=2e-6)


def test_every_operator_is_compared() -> None:
    assert {case[0] for case in CASES} == set(OPERATORS)


@pytest.mark.parametrize('path', MODELS, ids=lambda path: path.stem)
def test_every_operator_of_a_shipped_model_is_known(path: Path) -> None:
    used = {node.op_type for node in onnx.load(path).graph.node}
    assert used <= {'Constant', *OPERATORS, *RECURRENT}


def test_floating_point_numbers_of_any_width_become_one_type() -> None:
    for wide in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16):
        assert dtype_of(wide, torch.float64) == torch.float64
    assert dtype_of(TensorProto.INT32, torch.float64) == torch.int64
    assert dtype_of(TensorProto.BOOL, torch.float64) == torch.bool


@pytest.mark.parametrize(
    ('name', 'attributes', 'arrays', 'message'),
    [
        ('ReduceSum', {}, [A, ints(1)], 'the node it .ReduceSum. must have an input 1 that is'),
        ('Gemm', {'alpha': 0.5}, [A, SQUARE, ROW], 'alpha.* is not supported'),
        ('Slice', {}, [X, ints(1), ints(2)], 'without axes is not supported'),
    ],
)
def test_another_use_of_an_operator_is_refused_by_the_name_of_the_node(
    name: str, attributes: dict[str, Any], arrays: list[Array], message: str
) -> None:
    with pytest.raises(OperatorError, match=message):
        OPERATORS[name](node_of(name, attributes, arrays, constant=False))
