# SPDX-License-Identifier: Apache-2.0
"""A cell without memory, to see what the same number of weights can do without one."""

from typing import cast, ClassVar

from lstm_dynamics_ros.learning.cells.base import Cell, CELLS, State
import torch
from torch import nn, Tensor


@CELLS.register('memoryless')
class Memoryless(Cell):
    """Two dense layers with as many weights as an LSTM of the same size, for comparison.

    The state is the newest output, because a model file has one; nothing is ever read from it::

        y = tanh(B tanh(A x))   with A of shape (4 H, F) and B of shape (H, 4 H)
    """

    state_names: ClassVar[tuple[str, ...]] = ('h',)

    def __init__(self, input_size: int, hidden_size: int, num_layers: int) -> None:
        super().__init__(input_size, hidden_size, num_layers)
        widths = [input_size, *[hidden_size] * (num_layers - 1)]
        inner = 4 * hidden_size
        self.layers = nn.ModuleList(
            nn.Sequential(
                *(nn.Linear(width, inner), nn.Tanh(), nn.Linear(inner, hidden_size), nn.Tanh())
            )
            for width in widths
        )

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the base class."""
        last = []
        for layer in self.layers:
            x = cast('Tensor', layer(x))
            last.append(x[-1])
        return x, (torch.stack(last) + 0.0 * state[0],)
