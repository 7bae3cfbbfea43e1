# SPDX-License-Identifier: Apache-2.0
"""A model file as a function with derivatives, read from the file itself.

No checkpoint is needed: any file that :func:`~lstm_dynamics_ros.runtime.model_file.load_model`
takes can be differentiated, whoever trained it. What is computed is proven at once: the golden
sequence of the card must come out.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.card import CardError
from lstm_dynamics_ros.core.errors import ModelFileError, ShapeError
from lstm_dynamics_ros.learning.interpretation.onnx_operators import (
    dtype_of,
    Node,
    Operation,
    OperatorError,
    OPERATORS,
)
from lstm_dynamics_ros.learning.interpretation.onnx_recurrent import (
    Activity,
    RECURRENT,
    RecurrentNode,
)
from lstm_dynamics_ros.runtime.golden import golden_difference
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper, numpy_helper
import torch
from torch import Tensor

State = tuple[Tensor, ...]
"""Hidden state as the file has it, tensors of shape (L, N, H); h before c."""

Outputs = dict[str, Tensor]
"""Outputs of a step by name: ``prediction`` (N, D), and ``prediction_std`` where there is one."""


class _Call(NamedTuple):
    """One operation of a step and the slots it reads and writes."""

    operation: Operation
    reads: tuple[int, ...]
    writes: tuple[int, ...]


class DifferentiableModel:
    """A model file in torch. Pure: it keeps nothing between steps.

    Every floating-point number of the file, of whatever width, is computed in one type. All
    operations are differentiable by ``torch.autograd`` and ``torch.func``; those that round or
    compare have the derivative zero.

    Args:
        loaded: The model. Its file must still be the one that was loaded.
        dtype: ``torch.float64``, for exact derivatives, or ``torch.float32``, for speed.

    Raises:
        ModelFileError: If the file has changed (check ``changed``), uses an operator that has no
            differentiable form (``operators``), or is not reproduced (``golden``).
    """

    def __init__(self, loaded: LoadedModel, *, dtype: torch.dtype = torch.float64) -> None:
        self.card = loaded.card
        self.dtype = dtype
        """Type of all numbers."""
        self.recurrent: tuple[RecurrentNode, ...] = ()
        """Recurrent nodes in the order of the graph: layers, or members of an ensemble."""
        self._path = loaded.path
        self._slots: dict[str, int] = {'': 0}
        self._values: list[Any] = [None]
        self._calls: list[_Call] = []
        self._activities: list[int] = []
        graph = _graph(loaded)
        self._opset = graph.opset_import[0].version
        self._read(graph.graph)
        self._prove()

    def zero_state(self, batch: int) -> State:
        """Return the state of a model that has seen nothing, for N rows."""
        shape = (self.card.num_layers, batch, self.card.hidden_size)
        return tuple(torch.zeros(shape, dtype=self.dtype) for _ in self._state_in)

    def step(self, obs: Tensor, state: Sequence[Tensor]) -> tuple[Outputs, State]:
        """Take one step.

        Args:
            obs: Observations, SI units, shape (N, F), of type :attr:`dtype`.
            state: State before the step, see :meth:`zero_state`.

        Returns:
            The outputs in SI units by name, and the state after the step.

        Raises:
            ShapeError: If the observations do not fit the model.
        """
        outputs, after, _ = self.observed_step(obs, state)
        return outputs, after

    def observed_step(
        self, obs: Tensor, state: Sequence[Tensor]
    ) -> tuple[Outputs, State, tuple[Activity, ...]]:
        """Take one step; also return what went on inside, one entry per :attr:`recurrent`."""
        values = self._run(obs, state)
        outputs = {name: values[slot] for name, slot in self._outputs.items()}
        after = tuple(values[slot] for slot in self._state_out)
        return outputs, after, tuple(values[slot] for slot in self._activities)

    def sequence(self, observations: Tensor, state: Sequence[Tensor]) -> tuple[Tensor, State]:
        """Take the steps of a sequence.

        Args:
            observations: SI units, shape (T, N, F).
            state: State before the first step.

        Returns:
            Predictions, shape (T, N, D), and the state after the last step.
        """
        predictions, now = [], tuple(state)
        for row in observations:
            outputs, now = self.step(row, now)
            predictions.append(outputs['prediction'])
        return torch.stack(predictions), now

    def tensor(self, array: NDArray[np.floating[Any]]) -> Tensor:
        """Return an array as a tensor of the model's type."""
        return torch.from_numpy(np.array(array)).to(self.dtype)

    def _run(self, obs: Tensor, state: Sequence[Tensor]) -> list[Any]:
        expected = (len(obs), len(self.card.features))
        if obs.shape != expected:
            raise ShapeError('Observations', expected, tuple(obs.shape))
        values = self._values.copy()
        values[self._obs] = obs
        for slot, part in zip(self._state_in, state, strict=True):
            values[slot] = part
        for operation, reads, writes in self._calls:
            result = operation(*[values[slot] for slot in reads])
            if isinstance(result, tuple):
                for slot, part in zip(writes, result, strict=True):
                    values[slot] = part
            else:
                values[writes[0]] = result
        return values

    def _read(self, graph: onnx.GraphProto) -> None:
        """Turn the graph into calls; what depends on constants alone is computed now."""
        for tensor in graph.initializer:
            self._values[self._slot(tensor.name)] = self._constant(tensor)
        names = [item.name for item in graph.input if item.name not in self._slots]
        self._obs = self._slot('obs')
        self._state_in = tuple(self._slot(name) for name in names if name != 'obs')
        for node in graph.node:
            self._add(node)
        outputs = {item.name: self._slot(item.name) for item in graph.output}
        self._outputs = {k: v for k, v in outputs.items() if k.startswith('prediction')}
        self._state_out = tuple(
            outputs[name.removesuffix('_in') + '_out'] for name in names if name != 'obs'
        )

    def _add(self, proto: onnx.NodeProto) -> None:
        attributes = {item.name: self._attribute(item) for item in proto.attribute}
        if proto.op_type == 'Constant':
            value = next(iter(attributes.values()))
            self._values[self._slot(proto.output[0])] = (
                value if isinstance(value, Tensor) else self._number(value)
            )
            return
        reads = tuple(self._slots[name] for name in proto.input)
        known = [self._values[slot] for slot in reads]
        node = Node(
            operator=proto.op_type,
            name=proto.name or proto.output[0],
            attributes=attributes,
            known=known,
            missing=[name == '' for name in proto.input],
            dtype=self.dtype,
        )
        try:
            operation = self._prepared(node)
        except OperatorError as error:
            raise ModelFileError(self._path, 'operators', str(error)) from None
        writes = [self._slot(name or f'#{len(self._values)}') for name in proto.output]
        if isinstance(operation, RecurrentNode):
            full = 3 if operation.kind == 'LSTM' else 2
            while len(writes) <= full:  # outputs left out, and the activity
                writes.append(self._slot(f'#{len(self._values)}'))
            self.recurrent += (operation,)
            self._activities.append(writes[-1])
        elif all(
            value is not None for value, name in zip(known, proto.input, strict=True) if name
        ):
            result = operation(*known)
            parts = result if isinstance(result, tuple) else (result,)
            for slot, part in zip(writes, parts, strict=True):
                self._values[slot] = part
            return
        self._calls.append(_Call(operation, reads, tuple(writes)))

    def _prepared(self, node: Node) -> Operation:
        known = OPERATORS | RECURRENT
        if node.operator not in known:
            raise OperatorError(
                f'the operator {node.operator} (operator set {self._opset}) of the node '
                f'{node.name} has no differentiable form. Known: {", ".join(sorted(known))}.'
            )
        return known[node.operator](node)

    def _slot(self, name: str) -> int:
        if name not in self._slots:
            self._slots[name] = len(self._values)
            self._values.append(None)
        return self._slots[name]

    def _constant(self, proto: onnx.TensorProto) -> Tensor:
        array = np.array(numpy_helper.to_array(proto))
        return torch.from_numpy(array).to(dtype_of(proto.data_type, self.dtype))

    def _number(self, value: object) -> Tensor:
        made = torch.tensor(value)
        return made.to(self.dtype) if made.is_floating_point() else made

    def _attribute(self, proto: onnx.AttributeProto) -> object:
        value = helper.get_attribute_value(proto)
        if isinstance(value, onnx.TensorProto):
            return self._constant(value)
        return value.decode() if isinstance(value, bytes) else value

    @torch.no_grad()
    def _prove(self) -> None:
        try:
            difference, worst = golden_difference(self.card, _Session(self))
        except CardError as error:
            raise ModelFileError(self._path, 'golden', str(error)) from None
        if not difference <= 1.0:
            raise ModelFileError(
                self._path,
                'golden',
                f'its differentiable form in {self.dtype} does not reproduce the recorded run: '
                f'{worst} is {difference:.3g} times the tolerance away.',
            )


class _Session:
    """The model behind the call of onnxruntime that the golden sequence is replayed with."""

    def __init__(self, model: DifferentiableModel) -> None:
        self._model = model

    def run(
        self, names: Sequence[str], feed: Mapping[str, NDArray[np.float32]]
    ) -> list[NDArray[np.float32]]:
        model = self._model
        state = [model.tensor(feed[f'{name}_in']) for name in model.card.state_names]
        known, after = model.step(model.tensor(feed['obs']), state)
        known |= {f'{n}_out': part for n, part in zip(model.card.state_names, after, strict=True)}
        return [known[name].numpy().astype(np.float32) for name in names]


def _graph(loaded: LoadedModel) -> onnx.ModelProto:
    """Return the content of the file that was loaded."""
    try:
        data = loaded.path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            loaded.path, 'changed', f'it can no longer be read: {error.strerror}.'
        ) from error
    if sha256(data).hexdigest() != loaded.sha256:
        raise ModelFileError(
            loaded.path, 'changed', 'it is not the file that was loaded. Load it again.'
        )
    return onnx.load_from_string(data)
