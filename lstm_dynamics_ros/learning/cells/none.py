# SPDX-License-Identifier: Apache-2.0
"""No cell at all: a model with it is its linear part."""

from typing import ClassVar

from lstm_dynamics_ros.learning.cells.base import Cell, CELLS, State
import torch
from torch import Tensor


@CELLS.register('none')
class NoCell(Cell):
    """Nothing: no weights, no output. The state is there because a model file has one.

    What a linear model remembers, its last observations, travels beside it.
    """

    state_names: ClassVar[tuple[str, ...]] = ('h',)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See the base class: zeros, and the state as it was."""
        return torch.zeros_like(x[..., :1]).expand(*x.shape[:-1], self.hidden_size), state

    def zero_state(self, batch: int) -> State:
        """See the base class."""
        return (torch.zeros(self.num_layers, batch, self.hidden_size),)
