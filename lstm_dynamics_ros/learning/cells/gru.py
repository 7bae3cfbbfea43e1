# SPDX-License-Identifier: Apache-2.0
"""Gated recurrent unit."""

from typing import ClassVar

from lstm_dynamics_ros.learning.cells.base import Cell, CELLS, State
from torch import nn, Tensor


@CELLS.register('gru')
class Gru(Cell):
    """The GRU on PyTorch's fused kernels: fewer weights than an LSTM, one state tensor.

    Source: K. Cho et al., "Learning phrase representations using RNN encoder-decoder", 2014, in
    the form with the reset gate after the product::

        r = sigmoid(W_r x + b_r + U_r h + d_r)  z = sigmoid(W_z x + b_z + U_z h + d_z)
        n = tanh(W_n x + b_n + r * (U_n h + d_n))
        h' = (1 - z) * n + z * h
    """

    state_names: ClassVar[tuple[str, ...]] = ('h',)

    def __init__(self, input_size: int, hidden_size: int, num_layers: int) -> None:
        super().__init__(input_size, hidden_size, num_layers)
        self.layers = nn.GRU(input_size, hidden_size, num_layers)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the base class."""
        y, h = self.layers(x, state[0])
        return y, (h,)
