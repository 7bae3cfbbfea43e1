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

from lstm_dynamics_ros.cells import State
from lstm_dynamics_ros.training.delay_line import LineState
from lstm_dynamics_ros.training.ensemble import AnyModel, Ensemble, spread
from lstm_dynamics_ros.training.model import ModelState
import onnx
import torch
from torch import nn, Tensor
from torch.jit._trace import TracerWarning

OPSET = 17
"""ONNX operator set of the graph."""


class PackedStep(nn.Module):
    """A model whose whole state is tensors of one shape (L, N, H)."""

    def __init__(self, model: AnyModel) -> None:
        super().__init__()
        self.model = model.exact()
        cell = model.zero_state(1).cell
        self.state_names = ('h', 'c')[: len(cell)]
        self.num_layers, _, self._own = cell[0].shape
        slip = model.zero_state(1).slip
        self._slip = 0 if slip is None else slip.shape[1]
        places = len(self.state_names) * self.num_layers
        self._tail = -(-(_line_size(model) + self._slip) // places)
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
    def has_spread(self) -> bool:
        """Whether the model has members that can disagree."""
        return isinstance(self.model, Ensemble)

    def unpack(self, packed: Sequence[Tensor]) -> ModelState:
        """Return the state of the model that packed tensors hold."""
        if self.model.line is None:
            return ModelState(tuple(packed), None)
        cell = tuple(part[:, :, : self._own] for part in packed)
        size = self.num_layers * self._tail
        tails = [part[:, :, self._own :].transpose(0, 1).reshape(-1, size) for part in packed]
        flat = torch.cat(tails, 1)
        shape = (-1, self.model.line.history - 1, self.model.n_features)
        used = _line_size(self.model)
        rows = flat[:, 1:used].reshape(shape)
        slip = flat[:, used : used + self._slip] if self._slip else None
        return ModelState(cell, LineState(rows, flat[:, :1]), slip)

    def pack(self, state: ModelState) -> State:
        """Return the state of the model as packed tensors."""
        if state.line is None:
            return state.cell
        used = _line_size(self.model)
        size = self.num_layers * self._tail
        parts = [state.line.started, state.line.rows.reshape(-1, used - 1)]
        if state.slip is not None:
            parts.append(state.slip)
        flat = torch.cat(parts, 1)
        if unused := size * len(self.state_names) - used - self._slip:
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


def _line_size(model: AnyModel) -> int:
    """Return how many numbers the state of the delay line has."""
    if model.line is None:
        return 0
    return 1 + model.n_features * (model.line.history - 1)


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
        warnings.filterwarnings(
            'ignore', 'Converting a tensor to a Python boolean', TracerWarning,
            module=r'torch\.nn\.modules\.rnn',
        )  # fmt: skip
        torch.onnx.export(
            graph.eval(), example, cast('Any', buffer), input_names=inputs, output_names=outputs,
            dynamic_axes=axes, opset_version=OPSET, dynamo=False, do_constant_folding=True,
        )  # fmt: skip
    return onnx.load_from_string(buffer.getvalue())
