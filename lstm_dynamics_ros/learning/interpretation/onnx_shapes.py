# SPDX-License-Identifier: Apache-2.0
"""ONNX operators that move values without changing them, as torch functions.

See :mod:`~lstm_dynamics_ros.learning.interpretation.onnx_operators`. Where they cut is read once
if it never changes; shapes that follow the number of rows are read at every step.
"""

from lstm_dynamics_ros.learning.interpretation.onnx_operators import filed, Node, Operation, Table
import numpy as np
import torch
from torch import Tensor

SHAPES: Table = {}
"""Operators that move values."""


@filed(SHAPES, 'Concat')
def _concat(node: Node) -> Operation:
    axis = int(node.attributes['axis'])
    return lambda *parts: torch.cat(parts, axis)


@filed(SHAPES, 'Transpose')
def _transpose(node: Node) -> Operation:
    order = node.attributes.get('perm')
    if order is None:
        return lambda x: x.permute(*reversed(range(x.dim())))
    return lambda x: x.permute(*order)


@filed(SHAPES, 'Flatten')
def _flatten(node: Node) -> Operation:
    axis = int(node.attributes.get('axis', 1))

    def flatten(x: Tensor) -> Tensor:
        rows = 1
        for size in x.shape[:axis]:
            rows *= size
        return x.reshape(rows, -1)

    return flatten


@filed(SHAPES, 'Reshape')
def _reshape(node: Node) -> Operation:
    literal = bool(node.attributes.get('allowzero', 0))
    known = node.integers(1) if node.known[1] is not None else None

    def reshape(x: Tensor, shape: Tensor) -> Tensor:
        sizes = shape.tolist() if known is None else known
        if not literal:  # 0 keeps the size that is there
            sizes = [x.shape[i] if size == 0 else size for i, size in enumerate(sizes)]
        return x.reshape(sizes)

    return reshape


@filed(SHAPES, 'Squeeze')
def _squeeze(node: Node) -> Operation:
    axes = node.integers(1, 'axes')
    if axes is None:
        return lambda x, *_: x.squeeze()
    return lambda x, *_: x.squeeze(axes)


@filed(SHAPES, 'Unsqueeze')
def _unsqueeze(node: Node) -> Operation:
    axes = node.integers(1, 'axes') or []

    def unsqueeze(x: Tensor, *_: Tensor) -> Tensor:
        rank = x.dim() + len(axes)
        for axis in sorted(axis % rank for axis in axes):
            x = x.unsqueeze(axis)
        return x

    return unsqueeze


@filed(SHAPES, 'Slice')
def _slice(node: Node) -> Operation:
    starts, ends = node.attributes.get('starts'), node.attributes.get('ends')
    if starts is not None and ends is not None:  # operator sets before 10
        old = _cuts(starts, ends, node.attributes.get('axes'), None)
        return lambda x: _cut(x, old)
    inputs = range(1, len(node.known))
    if all(node.known[i] is not None or node.missing[i] for i in inputs):
        first, last, axes, steps = (node.integers(i) for i in range(1, 5))
        cuts = _cuts(first or [], last or [], axes, steps)
        return lambda x, *_: _cut(x, cuts)

    def changing(x: Tensor, *where: Tensor | None) -> Tensor:
        lists = [None if part is None else part.tolist() for part in where]
        lists += [None] * (4 - len(lists))
        return _cut(x, _cuts(lists[0] or [], lists[1] or [], lists[2], lists[3]))

    return changing


Cut = tuple[int, int, int, int]


def _cuts(
    starts: list[int], ends: list[int], axes: list[int] | None, steps: list[int] | None
) -> list[Cut]:
    """Return (axis, start, end, step) of every axis that is cut."""
    return list(
        zip(axes or range(len(starts)), starts, ends, steps or [1] * len(starts), strict=True)
    )


def _cut(x: Tensor, cuts: list[Cut]) -> Tensor:
    for axis, start, end, step in cuts:
        if step > 0:
            index: list[slice] = [slice(None)] * (axis % x.dim()) + [slice(start, end, step)]
            x = x[tuple(index)]
        else:  # torch has no slices that run backward
            size = x.shape[axis]
            stop = None if end < -size else end
            rows = list(range(size))[slice(start, stop, step)]
            x = x.index_select(axis, torch.tensor(rows, dtype=torch.int64))
    return x


@filed(SHAPES, 'Gather')
def _gather(node: Node) -> Operation:
    axis = int(node.attributes.get('axis', 0))
    known = node.known[1]

    def gather(x: Tensor, index: Tensor) -> Tensor:
        index = torch.where(index < 0, index + x.shape[axis], index)
        if index.dim() == 0:
            return x.index_select(axis, index.reshape(1)).squeeze(axis)
        picked = x.index_select(axis, index.reshape(-1))
        place = axis % x.dim()
        return picked.reshape(*x.shape[:place], *index.shape, *x.shape[place + 1 :])

    if known is not None and known.dim() == 0:
        only = int(known)
        return lambda x, _: x.select(axis, only)
    return gather


@filed(SHAPES, 'Split')
def _split(node: Node) -> Operation:
    axis = int(node.attributes.get('axis', 0))
    sizes = node.integers(1, 'split')

    def split(x: Tensor, *_: Tensor) -> tuple[Tensor, ...]:
        parts = sizes
        if parts is None:
            each = -(-x.shape[axis] // node.n_outputs)
            ends = [min(each * (i + 1), x.shape[axis]) for i in range(node.n_outputs)]
            parts = [b - a for a, b in zip([0, *ends], ends, strict=False)]
        return torch.split(x, parts, axis)

    return split


@filed(SHAPES, 'Expand')
def _expand(node: Node) -> Operation:  # noqa: ARG001
    return lambda x, shape: x.expand(np.broadcast_shapes(x.shape, tuple(shape.tolist())))


@filed(SHAPES, 'Tile')
def _tile(node: Node) -> Operation:  # noqa: ARG001
    return lambda x, repeats: x.repeat(*repeats.tolist())


@filed(SHAPES, 'ConstantOfShape')
def _constant_of_shape(node: Node) -> Operation:
    value = node.attributes.get('value', torch.zeros(1, dtype=node.dtype))
    return lambda shape: value.expand(*shape.tolist())
