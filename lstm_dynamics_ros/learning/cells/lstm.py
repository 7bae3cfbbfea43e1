# SPDX-License-Identifier: Apache-2.0
"""Long short-term memory."""

from typing import ClassVar

from lstm_dynamics_ros.learning.cells.base import Cell, CELLS, State
from torch import nn, Tensor


@CELLS.register('lstm')
class Lstm(Cell):
    """The LSTM with forget gate, on PyTorch's fused kernels.

    Source: F. A. Gers, J. Schmidhuber, F. Cummins, "Learning to forget: continual prediction with
    LSTM", Neural Computation 12(10), 2000::

        i = sigmoid(W_i x + U_i h + b_i)        f = sigmoid(W_f x + U_f h + b_f)
        o = sigmoid(W_o x + U_o h + b_o)        g = tanh(W_g x + U_g h + b_g)
        c' = f * c + i * g                      h' = o * tanh(c')
    """

    state_names: ClassVar[tuple[str, ...]] = ('h', 'c')

    def __init__(self, input_size: int, hidden_size: int, num_layers: int) -> None:
        super().__init__(input_size, hidden_size, num_layers)
        self.layers = nn.LSTM(input_size, hidden_size, num_layers)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the base class."""
        y, (h, c) = self.layers(x, (state[0], state[1]))
        return y, (h, c)
