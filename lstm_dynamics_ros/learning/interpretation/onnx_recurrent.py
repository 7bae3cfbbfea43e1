# SPDX-License-Identifier: Apache-2.0
"""LSTM and GRU nodes of a model file from their own equations, with their gates in the open.

Source: ONNX operator specification, LSTM and GRU of operator set 14. For an LSTM, gates in the
file's order i, o, f, c::

    i = sigmoid(x W_i' + h R_i' + b_i)     o, f alike      g = tanh(x W_c' + h R_c' + b_c)
    c' = f * c + i * g                     h' = o * tanh(c')

and for a GRU, in the order z, r, h, with ``linear_before_reset``::

    z = sigmoid(x W_z' + h R_z' + b_z)     r alike
    n = tanh(x W_h' + bw_h + r * (h R_h' + br_h))          h' = (1 - z) * n + z * h
"""

from typing import Any, cast, NamedTuple

from lstm_dynamics_ros.learning.interpretation.onnx_operators import Node, Prepare
import torch
from torch import Tensor

GATES = {'LSTM': ('input', 'output', 'forget'), 'GRU': ('update', 'reset')}
"""Gates of each kind of recurrent node, in the order of the file."""


class Activity(NamedTuple):
    """What went on in one recurrent node in one step."""

    inputs: Tensor
    """What the node was fed, shape (N, I)."""
    before: Tensor
    """Its state before the step: h, and for an LSTM h and c joined, shape (N, S)."""
    after: Tensor
    """Its state after the step, shape (N, S)."""
    gates: dict[str, Tensor]
    """Openness of each gate in (0, 1), each of shape (N, H)."""

    @property
    def hidden(self) -> Tensor:
        """Output of the node, shape (N, H)."""
        return self.after[:, : next(iter(self.gates.values())).shape[1]]


class RecurrentNode:
    """One LSTM or GRU node: a layer of a model, or a member of an ensemble.

    Args:
        node: The node; its weights must be constants.

    Raises:
        OperatorError: If it is bidirectional, or has peepholes or other activations.
    """

    def __init__(self, node: Node) -> None:
        self.name = node.name
        """Name of the node in the file."""
        self.kind = node.operator
        """``LSTM`` or ``GRU``."""
        self.gate_names = GATES[node.operator]
        """Names of its gates."""
        self._check(node)
        w, r, bias = (cast('Tensor', value) for value in node.known[1:4])
        self.hidden_size = int(r.shape[2])
        """Width H."""
        self.dtype = node.dtype
        """Type of its numbers."""
        self.state_size = self.hidden_size * (2 if self.kind == 'LSTM' else 1)
        """Width S of its whole state: 2 H for an LSTM, which has h and c."""
        self._w, self._r = w[0].t().contiguous(), r[0].t().contiguous()
        self._bw, self._br = bias[0].chunk(2)

    def _check(self, node: Node) -> None:
        odd = {
            name: value
            for name, value in node.attributes.items()
            if name in {'activations', 'activation_alpha', 'activation_beta', 'clip'}
            or (name == 'direction' and value != 'forward')
            or (name in {'input_forget', 'layout'} and value)
        }
        if node.operator == 'GRU' and not node.attributes.get('linear_before_reset'):
            odd['linear_before_reset'] = 0
        if odd:
            raise node.refuse(f'with {odd} is not supported; plain forward ones are')
        if node.has(4) or node.has(7):
            raise node.refuse('with sequence lengths or peepholes is not supported')
        if any(value is None for value in node.known[1:4]) or not node.has(3):
            raise node.refuse('without weights and bias that are constant is not supported')

    def step(self, x: Tensor, state: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Take one step.

        Args:
            x: Inputs, shape (N, I).
            state: h, and for an LSTM h and c joined, shape (N, S).

        Returns:
            The state after the step, shape (N, S), and the gates, each of shape (N, H).
        """
        if self.kind == 'LSTM':
            h, c = state.chunk(2, -1)
            sums = (x @ self._w + h @ self._r + (self._bw + self._br)).chunk(4, -1)
            i, o, f = (torch.sigmoid(part) for part in sums[:3])
            c = f * c + i * torch.tanh(sums[3])
            return torch.cat([o * torch.tanh(c), c], -1), {'input': i, 'output': o, 'forget': f}
        n = self.hidden_size
        from_x = x @ self._w + self._bw
        from_h = state @ self._r[:, : 2 * n] + self._br[: 2 * n]
        z, r = torch.sigmoid(from_x[..., : 2 * n] + from_h).chunk(2, -1)
        last, bias = self._r[:, 2 * n :], self._br[2 * n :]
        new = torch.tanh(from_x[..., 2 * n :] + r * (state @ last + bias))
        return (1 - z) * new + z * state, {'update': z, 'reset': r}

    def __call__(
        self,
        x: Tensor,
        _w: Tensor,
        _r: Tensor,
        _b: Tensor,
        _lengths: None,
        h: Tensor,
        c: Tensor | None = None,
    ) -> tuple[Any, ...]:
        """Run over a sequence (T, N, I) and return the outputs of the node, then its activity."""
        state = torch.cat([part[0] for part in (h, c) if part is not None], -1)
        outputs = []
        for row in x:
            before = state
            state, gates = self.step(row, before)
            outputs.append(state[:, : self.hidden_size])
        activity = Activity(x[-1], before, state, gates)
        ends = (part.unsqueeze(0) for part in state.chunk(self.state_size // self.hidden_size, -1))
        return (torch.stack(outputs).unsqueeze(1), *ends, activity)


RECURRENT: dict[str, Prepare] = dict.fromkeys(GATES, RecurrentNode)
"""Recurrent operators."""
