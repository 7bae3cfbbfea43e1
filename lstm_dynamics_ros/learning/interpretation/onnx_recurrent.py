# SPDX-License-Identifier: Apache-2.0
"""LSTM and GRU nodes of a model file from their own equations, with their gates in the open.

Source: ONNX operator specification, LSTM and GRU of operator set 14. For an LSTM, gates in the
file's order i, o, f, c::

    i = sigmoid(x W_i' + h R_i' + b_i)     o, f alike      g = tanh(x W_c' + h R_c' + b_c)
    c' = f * c + i * g                     h' = o * tanh(c')

and for a GRU, in the order z, r, h, with ``linear_before_reset``::

    z = sigmoid(x W_z' + h R_z' + b_z)     r alike
    n = tanh(x W_h' + bw_h + r * (h R_h' + br_h))          h' = (1 - z) * n + z * h

without it ``n = tanh(x W_h' + bw_h + (r * h) R_h' + br_h)``.
"""

from typing import Any, NamedTuple

from lstm_dynamics_ros.learning.interpretation.onnx_operators import Node, Table
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
        """What the node tells the rest of the model, shape (N, H)."""
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
        w, r = node.known[1], node.known[2]
        assert w is not None
        assert r is not None
        self.hidden_size = int(r.shape[2])
        """Width H."""
        self.dtype = node.dtype
        """Type of its numbers."""
        self.state_size = self.hidden_size * (2 if self.kind == 'LSTM' else 1)
        """Width S of its whole state: 2 H for an LSTM, which has h and c."""
        bias = node.known[3] if node.has(3) else None
        if bias is None:
            bias = w.new_zeros(1, 2 * w.shape[1])
        self._w, self._r = w[0].t().contiguous(), r[0].t().contiguous()
        self._bw, self._br = bias[0].chunk(2)
        self._late_reset = bool(node.attributes.get('linear_before_reset', 0))

    def _check(self, node: Node) -> None:
        odd = {
            name: value
            for name, value in node.attributes.items()
            if name in {'activations', 'activation_alpha', 'activation_beta', 'clip'}
            or (name == 'direction' and value != 'forward')
            or (name in {'input_forget', 'layout'} and value)
        }
        if odd:
            raise node.refuse(f'with {odd} is not supported; plain forward ones are')
        if node.has(4) or node.has(7):
            raise node.refuse('with sequence lengths or peepholes is not supported')
        if not all(node.known[i] is not None for i in range(1, 4) if node.has(i)):
            raise node.refuse('with weights that change is not supported')

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
        pushed = r * (state @ last + bias) if self._late_reset else (r * state) @ last + bias
        new = torch.tanh(from_x[..., 2 * n :] + pushed)
        return (1 - z) * new + z * state, {'update': z, 'reset': r}

    def __call__(
        self,
        x: Tensor,
        _w: Tensor,
        _r: Tensor,
        _b: Tensor | None = None,
        _lengths: Tensor | None = None,
        h: Tensor | None = None,
        c: Tensor | None = None,
        _peepholes: Tensor | None = None,
    ) -> tuple[Any, ...]:
        """Run over a sequence (T, N, I) and return the outputs of the node, then its activity."""
        none = x.new_zeros(x.shape[1], self.hidden_size)
        parts = [none if h is None else h[0]]
        if self.kind == 'LSTM':
            parts.append(none if c is None else c[0])
        state = torch.cat(parts, -1)
        outputs = []
        for row in x:
            before = state
            state, gates = self.step(row, before)
            outputs.append(state[:, : self.hidden_size])
        activity = Activity(x[-1], before, state, gates)
        ends = (part.unsqueeze(0) for part in state.chunk(self.state_size // self.hidden_size, -1))
        return (torch.stack(outputs).unsqueeze(1), *ends, activity)


RECURRENT: Table = dict.fromkeys(GATES, RecurrentNode)
"""Recurrent operators."""
