# SPDX-License-Identifier: Apache-2.0
"""A hidden state guessed from a short history, instead of one that grows from zero.

A cell that starts from zero needs its washout until it knows what it would know. An encoder reads
the delay line once it is full, and sets the state to what a cell that saw more would have. Source:
N. Mohajerin, S. Waslander, "Multistep prediction of dynamic systems with recurrent neural
networks", IEEE Trans. Neural Networks and Learning Systems 30(11), 2019; G. Beintema, M.
Schoukens, R. Toth, "Deep subspace encoders for nonlinear system identification", Automatica 156,
2023.

Off by default: the linear path reads the same history exactly, and on the simulated arms the guess
was no better than zero once that path was there.
"""

from lstm_dynamics_ros.learning.cells import State
import torch
from torch import nn, Tensor

WIDTH = 32
"""Units of the hidden layer."""


class InitialState(nn.Module):
    """Two dense layers from what the cell sees in one step to its state after that step.

    Args:
        seen: Length of what the cell sees.
        shape: Number of state tensors, layers L and width H.
    """

    def __init__(self, seen: int, shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.shape = shape
        self.layers = nn.Sequential(
            nn.Linear(seen, WIDTH), nn.Tanh(), nn.Linear(WIDTH, shape[0] * shape[1] * shape[2])
        )

    def forward(self, inputs: Tensor) -> State:
        """Return state tensors of shape (L, N, H) from inputs of shape (N, seen)."""
        count, layers, width = self.shape
        flat = torch.tanh(self.layers(inputs)).reshape(-1, count, layers, width)
        return tuple(flat[:, i].transpose(0, 1) for i in range(count))
