# SPDX-License-Identifier: Apache-2.0
"""ONNX operators as torch functions, so that a model file has exact derivatives.

Each operator is *prepared* once: its attributes and those of its inputs that never change are read
into plain Python, and what is left is one call per step.

Source of the equations: ONNX operator specification, operator set 17
(https://onnx.ai/onnx/operators).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.errors import LstmDynamicsError
import torch
from torch import Tensor
from torch.nn import functional

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
    n_outputs: int
    dtype: torch.dtype
    """Floating-point type that stands for all of the file's."""

    def refuse(self, what: str) -> OperatorError:
        """Return the error of a node that is used in a way that is not supported."""
        return OperatorError(f'the node {self.name} ({self.operator}) {what}.')

    def has(self, number: int) -> bool:
        """Return whether there is an input of this number."""
        return number < len(self.missing) and not self.missing[number]

    def integers(self, number: int, attribute: str = '') -> list[int] | None:
        """Return a constant input of integers, or the attribute of older operator sets.

        Raises:
            OperatorError: If it changes from step to step.
        """
        if attribute in self.attributes:
            return [int(value) for value in self.attributes[attribute]]
        if not self.has(number):
            return None
        value = self.known[number]
        if value is None:
            raise self.refuse(f'has an input {number} that changes; it must be constant')
        return [int(item) for item in value.reshape(-1).tolist()]


Prepare = Callable[[Node], Operation]
Table = dict[str, Prepare]
"""How to prepare a node, by its operator."""

ARITHMETIC: Table = {}
"""Operators that compute values."""


def filed(table: Table, name: str) -> Callable[[Prepare], Prepare]:
    """Return a decorator that files a preparation under the name of its operator."""

    def file(prepare: Prepare) -> Prepare:
        table[name] = prepare
        return prepare

    return file


def _plain(**functions: Operation) -> None:
    def prepares(function: Operation) -> Prepare:
        return lambda _node: function

    ARITHMETIC.update({name: prepares(function) for name, function in functions.items()})


def _divide(a: Tensor, b: Tensor) -> Tensor:
    whole = not (a.is_floating_point() or b.is_floating_point())
    return torch.div(a, b, rounding_mode='trunc' if whole else None)


_plain(
    Identity=lambda x: x, Add=torch.add, Sub=torch.sub, Mul=torch.mul, Div=_divide,
    Neg=torch.neg, Abs=torch.abs, Reciprocal=torch.reciprocal, Sqrt=torch.sqrt, Exp=torch.exp,
    Log=torch.log, Pow=torch.pow, Sin=torch.sin, Cos=torch.cos, Tan=torch.tan, Atan=torch.atan,
    Asin=torch.asin, Acos=torch.acos, Sinh=torch.sinh, Cosh=torch.cosh, Tanh=torch.tanh,
    Sigmoid=torch.sigmoid, Relu=torch.relu, Softplus=functional.softplus,
    Softsign=functional.softsign, Erf=torch.erf, Sign=torch.sign, Round=torch.round,
    Floor=torch.floor, Ceil=torch.ceil, MatMul=torch.matmul, Where=torch.where,
    Greater=torch.gt, GreaterOrEqual=torch.ge, Less=torch.lt, LessOrEqual=torch.le,
    Equal=torch.eq, And=torch.logical_and, Or=torch.logical_or, Not=torch.logical_not,
    Max=lambda *x: reduce(torch.maximum, x), Min=lambda *x: reduce(torch.minimum, x),
    Sum=lambda *x: reduce(torch.add, x), Mean=lambda *x: reduce(torch.add, x) / len(x),
    Shape=lambda x: torch.tensor(x.shape, dtype=torch.int64),
)  # fmt: skip


@filed(ARITHMETIC, 'Gemm')
def _gemm(node: Node) -> Operation:
    a_turned, b_turned = node.attributes.get('transA', 0), node.attributes.get('transB', 0)
    alpha, beta = node.attributes.get('alpha', 1.0), node.attributes.get('beta', 1.0)

    def gemm(a: Tensor, b: Tensor, c: Tensor | None = None) -> Tensor:
        product = (a.t() if a_turned else a) @ (b.t() if b_turned else b)
        product = product if alpha == 1.0 else alpha * product
        if c is None:
            return product
        return product + (c if beta == 1.0 else beta * c)

    return gemm


@filed(ARITHMETIC, 'Cast')
def _cast(node: Node) -> Operation:
    kind = dtype_of(int(node.attributes['to']), node.dtype)
    return lambda x: x.to(kind)


@filed(ARITHMETIC, 'Clip')
def _clip(node: Node) -> Operation:
    low, high = node.attributes.get('min'), node.attributes.get('max')

    def clip(x: Tensor, least: Tensor | None = None, most: Tensor | None = None) -> Tensor:
        least = least if least is not None or low is None else x.new_tensor(low)
        most = most if most is not None or high is None else x.new_tensor(high)
        return torch.clamp(x, least, most)

    return clip


@filed(ARITHMETIC, 'LeakyRelu')
def _leaky_relu(node: Node) -> Operation:
    slope = float(node.attributes.get('alpha', 0.01))
    return lambda x: functional.leaky_relu(x, slope)


@filed(ARITHMETIC, 'Elu')
def _elu(node: Node) -> Operation:
    alpha = float(node.attributes.get('alpha', 1.0))
    return lambda x: functional.elu(x, alpha)


@filed(ARITHMETIC, 'Softmax')
def _softmax(node: Node) -> Operation:
    axis = int(node.attributes.get('axis', -1))
    return lambda x: torch.softmax(x, axis)


@filed(ARITHMETIC, 'LayerNormalization')
def _layer_normalization(node: Node) -> Operation:
    axis, small = int(node.attributes.get('axis', -1)), node.attributes.get('epsilon', 1e-5)

    def normalise(x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
        shape = x.shape[axis:]
        bias = None if bias is None else bias.expand(shape)
        return functional.layer_norm(x, shape, scale.expand(shape), bias, small)

    return normalise


def _reduction(function: Callable[..., Tensor]) -> Prepare:
    def prepare(node: Node) -> Operation:
        axes = node.integers(1, 'axes')
        keep = bool(node.attributes.get('keepdims', 1))
        if axes is None and node.attributes.get('noop_with_empty_axes', 0):
            return lambda x, *_: x

        def reduced(x: Tensor, *_: Tensor | None) -> Tensor:
            return function(x, list(range(x.dim())) if axes is None else axes, keep)

        return reduced

    return prepare


def _product(x: Tensor, axes: Sequence[int], keep: bool) -> Tensor:
    for axis in sorted((a % x.dim() for a in axes), reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


ARITHMETIC['ReduceSum'] = _reduction(lambda x, axes, keep: x.sum(axes, keepdim=keep))
ARITHMETIC['ReduceMean'] = _reduction(lambda x, axes, keep: x.mean(axes, keepdim=keep))
ARITHMETIC['ReduceMax'] = _reduction(lambda x, axes, keep: x.amax(axes, keepdim=keep))
ARITHMETIC['ReduceMin'] = _reduction(lambda x, axes, keep: x.amin(axes, keepdim=keep))
ARITHMETIC['ReduceProd'] = _reduction(_product)
ARITHMETIC['ReduceSumSquare'] = _reduction(
    lambda x, axes, keep: x.square().sum(axes, keepdim=keep)
)
ARITHMETIC['ReduceL2'] = _reduction(
    lambda x, axes, keep: x.square().sum(axes, keepdim=keep).sqrt()
)


def dtype_of(onnx_type: int, floating: torch.dtype) -> torch.dtype:
    """Return the torch type of an ONNX element type; all floating-point ones become one.

    Source of the numbers: TensorProto.DataType in onnx.proto3 of ONNX 1.16.
    """
    if onnx_type in {1, 10, 11, 16}:  # FLOAT, FLOAT16, DOUBLE, BFLOAT16
        return floating
    return torch.bool if onnx_type == 9 else torch.int64
