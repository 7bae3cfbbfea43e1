# SPDX-License-Identifier: Apache-2.0
"""Tests for onnx_shapes.py: values go where onnxruntime puts them."""

from typing import Any

from lstm_dynamics_ros.learning.interpretation.onnx_operators import Node
from lstm_dynamics_ros.learning.interpretation.onnx_shapes import SHAPES
import numpy as np
from numpy.typing import NDArray
from onnx import helper, numpy_helper
import onnxruntime
import pytest
import torch

Array = NDArray[Any]
X = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


CASES: list[tuple[str, dict[str, Any], list[Array], int]] = [
    ('Concat', {'axis': 1}, [X, X[:, :1]], 1),
    ('Transpose', {'perm': [1, 0, 2]}, [X], 1),
    ('Transpose', {}, [X], 1),
    ('Flatten', {'axis': 1}, [X], 1),
    ('Flatten', {'axis': 0}, [X], 1),
    ('Reshape', {}, [X, ints(0, -1)], 1),
    ('Squeeze', {}, [X[:1], ints(0)], 1),
    ('Unsqueeze', {}, [X, ints(0, -1)], 1),
    ('Slice', {}, [X, ints(1), ints(2**60), ints(2)], 1),
    ('Slice', {}, [X, ints(-2, 0), ints(-1, 2), ints(1, 2), ints(1, 1)], 1),
    ('Slice', {}, [X, ints(-1), ints(-(2**60)), ints(1), ints(-1)], 1),
    ('Gather', {'axis': 1}, [X, ints(2, 0, -1)], 1),
    ('Gather', {'axis': 2}, [X, np.array([[0, 1], [3, 2]])], 1),
    ('Gather', {'axis': 1}, [X, np.array(-1)], 1),
    ('Split', {'axis': 2}, [X, ints(1, 3)], 2),
    ('Split', {'axis': 2}, [X], 2),
    ('Expand', {}, [X[:1], ints(2, 1, 4)], 1),
    ('Tile', {}, [X, ints(1, 2, 1)], 1),
    ('ConstantOfShape', {'value': torch.tensor([1.5])}, [ints(2, 3)], 1),
]


def by_onnxruntime(
    name: str, attributes: dict[str, Any], arrays: list[Array], count: int
) -> list[Array]:
    if 'value' in attributes:
        value = numpy_helper.from_array(attributes['value'].numpy())
        attributes = attributes | {'value': value}
    infos = [
        helper.make_tensor_value_info(
            f'x{i}', helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for i, array in enumerate(arrays)
    ]
    outputs = [f'y{i}' for i in range(count)]
    node = helper.make_node(name, [f'x{i}' for i in range(len(arrays))], outputs, **attributes)
    told = [helper.make_empty_tensor_value_info(name) for name in outputs]
    model = helper.make_model(
        helper.make_graph([node], 'one', infos, told),
        opset_imports=[helper.make_opsetid('', 17)], ir_version=8,
    )  # fmt: skip
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=['CPUExecutionProvider']
    )
    result: list[Array] = session.run(None, {f'x{i}': array for i, array in enumerate(arrays)})
    return result


@pytest.mark.parametrize('constant', [True, False], ids=['constant', 'changing'])
@pytest.mark.parametrize(
    ('name', 'attributes', 'arrays', 'count'),
    CASES,
    ids=[f'{case[0]}-{i}' for i, case in enumerate(CASES)],
)
def test_an_operator_moves_values_as_onnxruntime_does(
    name: str, attributes: dict[str, Any], arrays: list[Array], count: int, constant: bool
) -> None:
    tensors = [torch.as_tensor(array) for array in arrays]
    settled = constant or name in {'Squeeze', 'Unsqueeze', 'Split'}
    node = Node(
        operator=name,
        name='it',
        attributes=attributes,
        known=[None, *tensors[1:]] if settled else [None] * len(tensors),
        missing=[False] * len(tensors),
        n_outputs=count,
        dtype=torch.float32,
    )
    got = SHAPES[name](node)(*tensors)
    parts = got if isinstance(got, tuple) else (got,)
    for part, expected in zip(parts, by_onnxruntime(name, attributes, arrays, count), strict=True):
        np.testing.assert_array_equal(part.numpy(), expected)


def test_every_operator_is_compared() -> None:
    assert {case[0] for case in CASES} == set(SHAPES)
