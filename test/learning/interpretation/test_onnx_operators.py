# SPDX-License-Identifier: Apache-2.0
"""Tests for onnx_operators.py: every operator computes what onnxruntime computes."""

from typing import Any

from lstm_dynamics_ros.learning.interpretation.onnx_operators import (
    ARITHMETIC,
    dtype_of,
    Node,
    OperatorError,
)
import numpy as np
from numpy.typing import NDArray
from onnx import helper, TensorProto
import onnxruntime
import pytest
import torch

Array = NDArray[Any]

RANDOM = np.random.default_rng(0)
A = RANDOM.normal(size=(3, 4)).astype(np.float32)
B = RANDOM.normal(size=(3, 4)).astype(np.float32)
POSITIVE = np.abs(A) + 0.1
SMALL = np.clip(A, -0.9, 0.9)
SQUARE = RANDOM.normal(size=(4, 4)).astype(np.float32)
ROW = RANDOM.normal(size=4).astype(np.float32)
YES = A > 0
AXIS = np.array([1], np.int64)

CASES: list[tuple[str, dict[str, Any], list[Array]]] = [
    *((name, {}, [A]) for name in (
        'Identity', 'Neg', 'Abs', 'Exp', 'Sin', 'Cos', 'Tan', 'Atan', 'Sinh', 'Cosh', 'Tanh',
        'Sigmoid', 'Relu', 'Softplus', 'Softsign', 'Erf', 'Sign', 'Round', 'Floor', 'Ceil',
        'Shape', 'Softmax', 'Elu', 'LeakyRelu',
    )),
    *((name, {}, [SMALL]) for name in ('Asin', 'Acos')),
    *((name, {}, [POSITIVE]) for name in ('Sqrt', 'Log', 'Reciprocal')),
    *((name, {}, [A, B]) for name in (
        'Add', 'Sub', 'Mul', 'Div', 'Max', 'Min', 'Sum', 'Mean', 'Greater', 'GreaterOrEqual',
        'Less', 'LessOrEqual', 'Equal',
    )),
    *((name, {}, [YES, B > 0]) for name in ('And', 'Or')),
    ('Not', {}, [YES]),
    ('Pow', {}, [POSITIVE, B]),
    ('Div', {}, [np.array([-7, 7], np.int64), np.array([2, 2], np.int64)]),
    ('Max', {}, [A, B, ROW]),
    ('Where', {}, [YES, A, B]),
    ('MatMul', {}, [A, SQUARE]),
    ('Gemm', {'transB': 1, 'alpha': 0.5, 'beta': 2.0}, [A, SQUARE, ROW]),
    ('Gemm', {'transA': 1}, [SQUARE, SQUARE]),
    ('Cast', {'to': TensorProto.INT64}, [A * 3]),
    ('Cast', {'to': TensorProto.BOOL}, [A]),
    ('Clip', {}, [A, np.array(-0.5, np.float32), np.array(0.5, np.float32)]),
    ('LayerNormalization', {'axis': -1, 'epsilon': 1e-3}, [A, ROW, ROW]),
    ('ReduceSum', {'keepdims': 0}, [A, AXIS]),
    ('ReduceSum', {}, [A]),
    *((name, {'axes': [0], 'keepdims': 0}, [A]) for name in (
        'ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceProd', 'ReduceSumSquare', 'ReduceL2',
    )),
]  # fmt: skip


def by_onnxruntime(name: str, attributes: dict[str, Any], arrays: list[Array]) -> Array:
    infos = [
        helper.make_tensor_value_info(
            f'x{i}', helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for i, array in enumerate(arrays)
    ]
    node = helper.make_node(name, [f'x{i}' for i in range(len(arrays))], ['y'], **attributes)
    graph = helper.make_graph([node], 'one', infos, [helper.make_empty_tensor_value_info('y')])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider']
    )
    result: Array = session.run(None, {f'x{i}': array for i, array in enumerate(arrays)})[0]
    return result


def node_of(name: str, attributes: dict[str, Any], arrays: list[Array]) -> Node:
    return Node(
        operator=name,
        name='it',
        attributes=attributes,
        known=[torch.as_tensor(array) for array in arrays],
        missing=[False] * len(arrays),
        n_outputs=1,
        dtype=torch.float32,
    )


@pytest.mark.parametrize(
    ('name', 'attributes', 'arrays'), CASES, ids=[f'{c[0]}-{i}' for i, c in enumerate(CASES)]
)
def test_an_operator_computes_what_onnxruntime_computes(
    name: str, attributes: dict[str, Any], arrays: list[Array]
) -> None:
    operation = ARITHMETIC[name](node_of(name, attributes, arrays))
    got = operation(*[torch.as_tensor(array) for array in arrays])
    expected = by_onnxruntime(name, attributes, arrays)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got.numpy(), expected, rtol=2e-5, atol=2e-6)


def test_every_operator_is_compared() -> None:
    assert {case[0] for case in CASES} == set(ARITHMETIC)


def test_floating_point_numbers_of_any_width_become_one_type() -> None:
    for wide in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16):
        assert dtype_of(wide, torch.float64) == torch.float64
    assert dtype_of(TensorProto.INT32, torch.float64) == torch.int64
    assert dtype_of(TensorProto.BOOL, torch.float64) == torch.bool


def test_axes_that_change_are_refused_by_the_name_of_the_node() -> None:
    node = node_of('ReduceSum', {}, [A, AXIS])._replace(known=[None, None])
    with pytest.raises(
        OperatorError, match=r'the node it .ReduceSum. has an input 1 that changes'
    ):
        ARITHMETIC['ReduceSum'](node)
