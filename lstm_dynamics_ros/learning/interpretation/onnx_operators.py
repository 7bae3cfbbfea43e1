# SPDX-License-Identifier: Apache-2.0
"""The ONNX operators that the exporter writes as torch functions, for exact derivatives.

Each operator is *prepared* once: its attributes and those of its inputs that never change are read
into plain Python, and what is left is one call per step. Operators of a new cell that are not here
are one entry in :data:`OPERATORS` each.

Source of the equations: ONNX operator specification, operator set 17
(https://onnx.ai/onnx/operators).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.errors import LstmDynamicsError
import numpy as np
import torch
from torch import Tensor

Operation = Callable[..., Any]
"""Called with one tensor (or None) per input; returns a tensor, or a tuple of them."""


class OperatorError(LstmDynamicsError):
    """An operator of a model file, or a use of one, without a differentiable form."""


class Node(NamedTuple):
    """One node of the graph before it is prepared."""

    operator: str
    name: str
    attributes: Mapping[str, Any]
    known: Sequence[Tensor | None]
    """Value of each input that never changes, else None."""
    missing: Sequence[bool]
    """Which inputs are left out, one per input."""
    dtype: torch.dtype
    """Floating-point type that stands for all of the file's."""

    def refuse(self, what: str) -> OperatorError:
        """Return the error of a node that is used in a way that is not supported."""
        return OperatorError(f'the node {self.name} ({self.operator}) {what}.')

    def has(self, number: int) -> bool:
        """Return whether there is an input of this number."""
        return number < len(self.missing) and not self.missing[number]

    def integers(self, number: int) -> list[int]:
        """Return a constant input of integers.

        Raises:
            OperatorError: If it changes from step to step, or is left out.
        """
        value = self.known[number] if self.has(number) else None
        if value is None:
            raise self.refuse(f'must have an input {number} that is constant')
        return [int(item) for item in value.reshape(-1).tolist()]


Prepare = Callable[[Node], Operation]
"""How to prepare a node."""

OPERATORS: dict[str, Prepare] = {}
"""All operators that keep no state, by name."""


def filed(name: str) -> Callable[[Prepare], Prepare]:
    """Return a decorator that files a preparation under the name of its operator."""

    def file(prepare: Prepare) -> Prepare:
        OPERATORS[name] = prepare
        return prepare

    return file


def _divide(a: Tensor, b: Tensor) -> Tensor:
    whole = not (a.is_floating_point() or b.is_floating_point())
    return torch.div(a, b, rounding_mode='trunc' if whole else None)


def _as_it_is(function: Operation) -> Prepare:
    return lambda _node: function


_FUNCTIONS: dict[str, Operation] = {
    'Identity': lambda x: x,
    'Shape': lambda x: torch.tensor(x.shape, dtype=torch.int64),
    'Expand': lambda x, shape: x.expand(np.broadcast_shapes(x.shape, tuple(shape.tolist()))),
    'Div': _divide,
    'Max': torch.maximum,
    'Min': torch.minimum,
    'Greater': torch.gt,
    'Less': torch.lt,
    'Equal': torch.eq,
    'Not': torch.logical_not,
    'MatMul': torch.matmul,
    'Clip': torch.clamp,
}
_SAME_NAME = (
    *('Add', 'Sub', 'Mul', 'Neg', 'Abs', 'Reciprocal', 'Sqrt', 'Exp', 'Sin', 'Cos', 'Tanh'),
    *('Sigmoid', 'Round', 'Where'),
)
_FUNCTIONS |= {name: getattr(torch, name.lower()) for name in _SAME_NAME}
OPERATORS |= {name: _as_it_is(function) for name, function in _FUNCTIONS.items()}


@filed('Gemm')
def _gemm(node: Node) -> Operation:
    given = {'alpha': 1.0, 'beta': 1.0, 'transA': 0, 'transB': 0} | dict(node.attributes)
    if given != {'alpha': 1.0, 'beta': 1.0, 'transA': 0, 'transB': 1}:
        raise node.refuse(f'with {dict(node.attributes)} is not supported; x W^T + b is')
    return lambda x, weight, bias: x @ weight.t() + bias


@filed('Cast')
def _cast(node: Node) -> Operation:
    kind = dtype_of(int(node.attributes['to']), node.dtype)
    return lambda x: x.to(kind)


def _reduction(function: Callable[..., Tensor]) -> Prepare:
    def prepare(node: Node) -> Operation:
        axes = node.attributes.get('axes') or node.integers(1)
        keep = bool(node.attributes.get('keepdims', 1))
        return lambda x, *_: function(x, list(axes), keepdim=keep)

    return prepare


OPERATORS |= {
    'ReduceSum': _reduction(torch.sum),
    'ReduceMean': _reduction(torch.mean),
    'ReduceMax': _reduction(torch.amax),
}


@filed('Concat')
def _concat(node: Node) -> Operation:
    axis = int(node.attributes['axis'])
    return lambda *parts: torch.cat(parts, axis)


@filed('Transpose')
def _transpose(node: Node) -> Operation:
    order = node.attributes['perm']
    return lambda x: x.permute(*order)


@filed('Flatten')
def _flatten(node: Node) -> Operation:
    axis = int(node.attributes.get('axis', 1))
    return lambda x: x.reshape(int(np.prod(x.shape[:axis])), -1)


@filed('Reshape')
def _reshape(node: Node) -> Operation:
    literal = bool(node.attributes.get('allowzero', 0))
    known = node.integers(1) if node.known[1] is not None else None

    def reshape(x: Tensor, shape: Tensor) -> Tensor:
        sizes = shape.tolist() if known is None else known
        if not literal:  # 0 keeps the size that is there
            sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
        return x.reshape(sizes)

    return reshape


@filed('Squeeze')
def _squeeze(node: Node) -> Operation:
    axes = node.integers(1)
    return lambda x, _: x.squeeze(axes)


@filed('Unsqueeze')
def _unsqueeze(node: Node) -> Operation:
    axes = node.integers(1)

    def unsqueeze(x: Tensor, _: Tensor) -> Tensor:
        rank = x.dim() + len(axes)
        for axis in sorted(axis % rank for axis in axes):
            x = x.unsqueeze(axis)
        return x

    return unsqueeze


@filed('Slice')
def _slice(node: Node) -> Operation:
    """Prepare a cut; where it cuts is read once if it never changes."""

    def cut(x: Tensor, where: Sequence[list[int]]) -> Tensor:
        starts, ends, axes, *rest = where
        steps = rest[0] if rest else [1] * len(starts)
        for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
            x = x[(*[slice(None)] * (axis % x.dim()), slice(start, end, step))]
        return x

    if not all(node.has(number) for number in range(1, 4)):
        raise node.refuse('without axes is not supported')
    if all(value is not None for value in node.known[1:]):
        known = [node.integers(number) for number in range(1, len(node.known))]
        return lambda x, *_: cut(x, known)
    return lambda x, *where: cut(x, [part.tolist() for part in where])


@filed('Gather')
def _gather(node: Node) -> Operation:
    axis = int(node.attributes.get('axis', 0))
    known = node.known[1]
    if known is not None and known.dim() == 0:
        only = int(known)
        return lambda x, _: x.select(axis, only)

    def gather(x: Tensor, index: Tensor) -> Tensor:
        index = torch.where(index < 0, index + x.shape[axis], index)
        picked = x.index_select(axis, index.reshape(-1))
        place = axis % x.dim()
        return picked.reshape(*x.shape[:place], *index.shape, *x.shape[place + 1 :])

    return gather


@filed('Split')
def _split(node: Node) -> Operation:
    axis, sizes = int(node.attributes.get('axis', 0)), node.integers(1)
    return lambda x, _: torch.split(x, sizes, axis)


@filed('ConstantOfShape')
def _constant_of_shape(node: Node) -> Operation:
    value = node.attributes.get('value', torch.zeros(1, dtype=node.dtype))
    return lambda shape: value.expand(*shape.tolist())


def dtype_of(onnx_type: int, floating: torch.dtype) -> torch.dtype:
    """Return the torch type of an ONNX element type; all floating-point ones become one.

    Source of the numbers: TensorProto.DataType in onnx.proto3 of ONNX 1.16.
    """
    if onnx_type in {1, 10, 11, 16}:  # FLOAT, FLOAT16, DOUBLE, BFLOAT16
        return floating
    return torch.bool if onnx_type == 9 else torch.int64
