# SPDX-License-Identifier: Apache-2.0
"""The interface of a recurrent cell."""

from abc import ABC, abstractmethod
from typing import cast, ClassVar

from lstm_dynamics_ros.core.registry import Registry
import torch
from torch import nn, Tensor

State = tuple[Tensor, ...]
"""Hidden state: one tensor of shape (L, N, H) per name in :attr:`Cell.state_names`."""


class Cell(nn.Module, ABC):
    """Recurrent layers that turn a sequence into a sequence, and one hidden state into the next.

    Pure: it keeps nothing between calls. Whether a sequence comes in one call or step by step, the
    result is the same.

    Args:
        input_size: Width of the input.
        hidden_size: Width H of the output and of each state tensor.
        num_layers: Number L of stacked layers.
    """

    state_names: ClassVar[tuple[str, ...]]
    """Names of the state tensors, ``h`` first. They become ``h_in``, ``h_out``, ... in ONNX."""

    def __init__(self, input_size: int, hidden_size: int, num_layers: int) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers

    @abstractmethod
    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """Run over a sequence.

        Args:
            x: Inputs, shape (T, N, input_size).
            state: Hidden state before the first step, tensors of shape (L, N, H).

        Returns:
            Outputs of the top layer, shape (T, N, H), and the hidden state after the last step.
        """

    def __call__(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """See :meth:`forward`."""
        return cast('tuple[Tensor, State]', super().__call__(x, state))

    def zero_state(self, batch: int) -> State:
        """Return the hidden state of a cell that has seen nothing, tensors of shape (L, N, H)."""
        shape = (self.num_layers, batch, self.hidden_size)
        parameter = next(self.parameters())
        return tuple(
            torch.zeros(shape, dtype=parameter.dtype, device=parameter.device)
            for _ in self.state_names
        )


CELLS: Registry[Cell] = Registry('cell')
"""All cells by the name used in settings and model cards."""
