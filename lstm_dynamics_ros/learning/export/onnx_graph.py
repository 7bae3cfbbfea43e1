# SPDX-License-Identifier: Apache-2.0
"""One step of a model as an ONNX graph: state tensors in and out, nothing kept inside.

The delay line and the friction elements travel in the tail of the cell's own state tensors, so a
model with them has the same inputs and outputs as any recurrent model, only with a larger hidden
size. All zeros is the state of a model that has seen nothing.
"""

from collections.abc import Sequence
import io
from typing import Any, cast
import warnings

from lstm_dynamics_ros.learning.cells import State
from lstm_dynamics_ros.learning.models.base import Model, ModelState
from lstm_dynamics_ros.learning.models.delay_line import LineState
from lstm_dynamics_ros.learning.models.ensemble import Ensemble, spread
import onnx
import torch
from torch import nn, Tensor
from torch.jit._trace import TracerWarning

OPSET = 17
"""ONNX operator set of the graph."""


class PackedStep(nn.Module):
    """A model whose whole state is tensors of one shape (L, N, H)."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.model = model.exact()
        start = model.zero_state(1)
        self._past = None if start.line is None else tuple(start.line.rows.shape[1:])
        self.state_names = ('h', 'c')[: len(start.cell)]
        self.num_layers, _, self._own = start.cell[0].shape
        places = len(self.state_names) * self.num_layers
        self._used = sum(part.shape[1] for part in _beside(start))
        self._tail = -(-self._used // places)
        self.hidden_size = self._own + self._tail
        """Width of the state tensors: the cell's own and its share of the delay line."""

    def zero_state(self, batch: int) -> State:
        """Return the state of a model that has seen nothing."""
        shape = (self.num_layers, batch, self.hidden_size)
        return tuple(torch.zeros(shape) for _ in self.state_names)

    def forward(self, obs: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Take one step.

        Args:
            obs: Observation, SI units, shape (N, F).
            state: Packed state tensors, each of shape (L, N, H).

        Returns:
            Prediction, shape (N, D), and the packed state tensors after the step.
        """
        prediction, after = self.model.step(obs, self.unpack(state))
        return (prediction, *self.pack(after))

    @property
    def knows_itself(self) -> bool:
        """Whether the model tells its own last prediction from a measurement."""
        return self.model.zero_state(1).last_prediction is not None

    @property
    def has_spread(self) -> bool:
        """Whether the model has members that can disagree."""
        return isinstance(self.model, Ensemble)

    def unpack(self, packed: Sequence[Tensor]) -> ModelState:
        """Return the state of the model that packed tensors hold."""
        if not self._tail:
            return ModelState(tuple(packed), None)
        cell = tuple(part[:, :, : self._own] for part in packed)
        size = self.num_layers * self._tail
        tails = [part[:, :, self._own :].transpose(0, 1).reshape(-1, size) for part in packed]
        flat = torch.cat(tails, 1)
        parts, first = [], 0
        for like in _beside(self.model.zero_state(1)):
            parts.append(flat[:, first : first + like.shape[1]])
            first += like.shape[1]
        return self._with_beside(cell, parts)

    def _with_beside(self, cell: State, parts: list[Tensor]) -> ModelState:
        """Return a state from the cell's and what :func:`_beside` returned."""
        like, rest, line = self.model.zero_state(1), iter(parts), None
        if self._past is not None:
            started, rows = next(rest), next(rest)
            line = LineState(rows.reshape((-1, *self._past)), started)
        others = [None if part is None else next(rest) for part in like[2:]]
        return ModelState(cell, line, *others)

    def pack(self, state: ModelState) -> State:
        """Return the state of the model as packed tensors."""
        if not self._tail:
            return state.cell
        size = self.num_layers * self._tail
        flat = torch.cat(_beside(state), 1)
        if unused := size * len(self.state_names) - self._used:
            flat = torch.cat([flat, flat[:, :unused] * 0], 1)
        packed = []
        for i, part in enumerate(state.cell):
            tail = flat[:, i * size : (i + 1) * size]
            tail = tail.reshape(-1, self.num_layers, self._tail).transpose(0, 1)
            packed.append(torch.cat([part, tail], 2))
        return tuple(packed)


class _WithSpread(nn.Module):
    """A packed step of an ensemble that also returns the spread of its members."""

    def __init__(self, step: PackedStep) -> None:
        super().__init__()
        self.packed = step

    def forward(self, obs: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        """Return the prediction, its spread (N, D), and the state after the step."""
        ensemble = cast('Ensemble', self.packed.model)
        predictions, after = ensemble.step_each(obs, self.packed.unpack(state))
        return (predictions.mean(0), spread(predictions), *self.packed.pack(after))


def _beside(state: ModelState) -> list[Tensor]:
    """Return what a state holds beside that of the cell, as tensors of shape (N, k)."""
    parts = []
    if state.line is not None:
        rows = state.line.rows
        parts = [state.line.started, rows.reshape(-1, rows.shape[1] * rows.shape[2])]
    return parts + [part for part in state[2:] if part is not None]


def to_onnx(step: PackedStep) -> onnx.ModelProto:
    """Return a model as an ONNX graph with a dynamic number N of rows."""
    names = list(step.state_names)
    inputs = ['obs', *(f'{name}_in' for name in names)]
    std = ['prediction_std'] if step.has_spread else []
    outputs = ['prediction', *std, *(f'{name}_out' for name in names)]
    rows = {'obs', 'prediction', *std}
    axes = {name: {0 if name in rows else 1: 'N'} for name in inputs + outputs}
    graph = _WithSpread(step) if step.has_spread else step
    example = (torch.zeros(1, step.model.n_features), *step.zero_state(1))
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The traced exporter is the one that keeps recurrent layers; torch says it is the old one.
        for message in ('You are using the legacy', 'The feature will be removed'):
            warnings.filterwarnings('ignore', message, DeprecationWarning)
        # It asks for initial states as inputs, which is what we do.
        warnings.filterwarnings(
            'ignore', 'Exporting a model to ONNX with a batch_size', UserWarning
        )
        # nn.LSTM compares sizes of its input, which are the same in every call.
        text, module = 'Converting a tensor to a Python boolean', r'torch\.nn\.modules\.rnn'
        warnings.filterwarnings('ignore', text, TracerWarning, module=module)
        torch.onnx.export(
            graph.eval(),
            example,
            cast('Any', buffer),
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=True,
        )
    return onnx.load_from_string(buffer.getvalue())
