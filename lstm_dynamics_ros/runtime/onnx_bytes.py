# SPDX-License-Identifier: Apache-2.0
"""A look into the bytes of an ONNX file before any library runs it.

Walks just the parts of the protobuf that decide whether a file may be run at all: its metadata,
the domains of its operators and where its tensors are stored. Truncated files fail here too.

Source of the field numbers: onnx.proto3 of ONNX 1.16.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lstm_dynamics_ros.core.errors import LstmDynamicsError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_DEPTH = 16


class OnnxBytesError(LstmDynamicsError):
    """Bytes that are not a complete ONNX file."""


@dataclass(kw_only=True)
class OnnxContents:
    """What was found in an ONNX file."""

    metadata: dict[str, str] = field(default_factory=dict)
    operators: set[str] = field(default_factory=set)
    """Operators as ``domain::type``, without domain for those of ONNX itself."""
    external_tensors: int = 0
    """Number of tensors stored in other files."""
    has_graph: bool = False

    @property
    def custom_operators(self) -> list[str]:
        """Operators that are not ONNX's own."""
        return sorted(name for name in self.operators if '::' in name)


def read_contents(data: bytes) -> OnnxContents:
    """Walk the bytes of an ONNX file.

    Raises:
        OnnxBytesError: If the bytes are no protobuf, end too early, or hold no graph.
    """
    contents = OnnxContents()
    for number, value in _fields(memoryview(data)):
        if number == 7 and isinstance(value, memoryview):  # ModelProto.graph
            contents.has_graph = True
            _walk_graph(value, contents, 0)
        elif number == 14 and isinstance(value, memoryview):  # ModelProto.metadata_props
            entry = dict(_fields(value))
            contents.metadata[_text(entry.get(1))] = _text(entry.get(2))
        elif number == 25 and isinstance(value, memoryview):  # ModelProto.functions
            _walk_function(value, contents)
    if not contents.has_graph:
        raise OnnxBytesError('it holds no graph')
    return contents


def _walk_graph(graph: memoryview, contents: OnnxContents, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise OnnxBytesError(f'its graphs are nested more than {_MAX_DEPTH} deep')
    for number, value in _fields(graph):
        if not isinstance(value, memoryview):
            continue
        if number == 1:  # GraphProto.node
            _walk_node(value, contents, depth)
        elif number == 5:  # GraphProto.initializer
            _walk_tensor(value, contents)
        elif number == 15:  # GraphProto.sparse_initializer
            _walk_sparse(value, contents)


def _walk_function(function: memoryview, contents: OnnxContents) -> None:
    for number, value in _fields(function):
        if number == 7 and isinstance(value, memoryview):  # FunctionProto.node
            _walk_node(value, contents, 0)


def _walk_node(node: memoryview, contents: OnnxContents, depth: int) -> None:
    operator, domain = '', ''
    for number, value in _fields(node):
        if not isinstance(value, memoryview):
            continue
        if number == 4:  # NodeProto.op_type
            operator = _text(value)
        elif number == 7:  # NodeProto.domain
            domain = _text(value)
        elif number == 5:  # NodeProto.attribute
            _walk_attribute(value, contents, depth)
    contents.operators.add(operator if domain in {'', 'ai.onnx'} else f'{domain}::{operator}')


def _walk_attribute(attribute: memoryview, contents: OnnxContents, depth: int) -> None:
    for number, value in _fields(attribute):
        if not isinstance(value, memoryview):
            continue
        if number in {5, 10}:  # AttributeProto.t, tensors
            _walk_tensor(value, contents)
        elif number in {6, 11}:  # AttributeProto.g, graphs
            _walk_graph(value, contents, depth + 1)
        elif number in {22, 23}:  # AttributeProto.sparse_tensor, sparse_tensors
            _walk_sparse(value, contents)


def _walk_sparse(sparse: memoryview, contents: OnnxContents) -> None:
    for number, value in _fields(sparse):
        if number in {1, 2} and isinstance(value, memoryview):  # SparseTensorProto.values, indices
            _walk_tensor(value, contents)


def _walk_tensor(tensor: memoryview, contents: OnnxContents) -> None:
    # TensorProto.external_data is 13, data_location is 14 with EXTERNAL = 1.
    if any(number == 13 or (number == 14 and value == 1) for number, value in _fields(tensor)):
        contents.external_tensors += 1


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (field number, value) of a message; fixed-width values are skipped."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise OnnxBytesError('it is not an ONNX file')
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value
        elif kind == _BYTES:
            length, at = _varint(message, at)
            if at + length > len(message):
                missing = at + length - len(message)
                raise OnnxBytesError(
                    f'it is truncated or not an ONNX file, {missing} bytes are missing'
                )
            yield number, message[at : at + length]
            at += length
        elif kind in {_FIXED32, _FIXED64}:
            at += 4 if kind == _FIXED32 else 8
            if at > len(message):
                raise OnnxBytesError('it is truncated or not an ONNX file')
        else:
            raise OnnxBytesError('it is not an ONNX file')


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return the number at ``at`` and where the next one starts."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(message):
            raise OnnxBytesError('it is truncated or not an ONNX file')
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise OnnxBytesError('it is not an ONNX file')


def _text(value: int | memoryview | None) -> str:
    return bytes(value).decode('utf-8', 'replace') if isinstance(value, memoryview) else ''
