# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/onnx_bytes.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.runtime.onnx_bytes import OnnxBytesError, read_contents
import numpy as np
import pytest

onnx = pytest.importorskip('onnx')
helper, TensorProto = onnx.helper, onnx.TensorProto


@pytest.fixture
def data(make_model: Callable[..., Path], tmp_path: Path) -> bytes:
    return make_model(tmp_path / 'm.onnx').read_bytes()


def test_metadata_is_what_the_onnx_package_reads(data: bytes) -> None:
    expected = {prop.key: prop.value for prop in onnx.load_from_string(data).metadata_props}
    assert read_contents(data).metadata == expected


def test_operators_are_those_of_the_graph(data: bytes) -> None:
    graph = onnx.load_from_string(data).graph
    assert read_contents(data).operators == {node.op_type for node in graph.node}
    assert read_contents(data).custom_operators == []


@pytest.mark.parametrize('keep', [1, 10, 100, 500, 1000, 2000])
def test_truncated_files_are_refused(data: bytes, keep: int) -> None:
    with pytest.raises(OnnxBytesError, match=r'truncated|holds no graph|not an ONNX'):
        read_contents(data[:keep])


@pytest.mark.parametrize('data', [b'hello world', b'\x00' * 50, b'PK\x03\x04zip', b'\xff' * 20])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(OnnxBytesError):
        read_contents(data)


def test_random_bytes_never_raise_anything_else() -> None:
    rng = np.random.default_rng(0)
    for size in range(200):
        junk = rng.integers(0, 256, size).astype(np.uint8).tobytes()
        with pytest.raises(OnnxBytesError):
            read_contents(junk)


def one_node_model(node: Any, initializer: Any = None) -> bytes:  # noqa: ANN401
    info = helper.make_tensor_value_info('x', TensorProto.FLOAT, [1])
    graph = helper.make_graph([node], 'g', [info], [], [initializer] if initializer else [])
    serialised: bytes = helper.make_model(graph).SerializeToString()
    return serialised


def test_custom_operators_are_found() -> None:
    node = helper.make_node('Evil', ['x'], ['y'], domain='com.example')
    assert read_contents(one_node_model(node)).custom_operators == ['com.example::Evil']


def test_custom_operators_inside_branches_are_found() -> None:
    evil = helper.make_node('Evil', ['x'], ['y'], domain='com.example')
    branch = helper.make_graph([evil], 'b', [], [])
    node = helper.make_node('If', ['x'], ['y'], then_branch=branch, else_branch=branch)
    assert read_contents(one_node_model(node)).custom_operators == ['com.example::Evil']


def external_tensor() -> Any:  # noqa: ANN401
    tensor = onnx.numpy_helper.from_array(np.ones(4, np.float32), 'w')
    onnx.external_data_helper.set_external_data(tensor, location='/etc/passwd')
    tensor.ClearField('raw_data')
    return tensor


def test_tensors_in_other_files_are_found() -> None:
    node = helper.make_node('Identity', ['x'], ['y'])
    assert read_contents(one_node_model(node, external_tensor())).external_tensors == 1


def test_attributes_in_other_files_are_found() -> None:
    node = helper.make_node('Constant', [], ['y'], value=external_tensor())
    assert read_contents(one_node_model(node)).external_tensors == 1
