# SPDX-License-Identifier: Apache-2.0
"""Tests for learning/cells/memoryless.py."""

from lstm_dynamics_ros.learning.cells.lstm import Lstm
from lstm_dynamics_ros.learning.cells.memoryless import Memoryless
import numpy as np
import torch


def test_the_output_is_that_of_two_dense_layers() -> None:
    torch.manual_seed(1)
    cell = Memoryless(3, 4, 1)
    x = torch.randn(20, 2, 3)
    with torch.no_grad():
        y, _ = cell(x, cell.zero_state(2))
    first, second = (
        (part.weight.detach().double().numpy(), part.bias.detach().double().numpy())
        for part in (cell.layers[0][0], cell.layers[0][2])  # type: ignore[index]
    )
    inner = np.tanh(x.double().numpy() @ first[0].T + first[1])
    np.testing.assert_allclose(y, np.tanh(inner @ second[0].T + second[1]), atol=1e-6)


def test_the_past_does_not_matter() -> None:
    cell = Memoryless(3, 4, 2)
    x = torch.randn(5, 1, 3)
    with torch.no_grad():
        fresh, _ = cell(x, cell.zero_state(1))
        other, _ = cell(x, (torch.full((2, 1, 4), 7.0),))
    torch.testing.assert_close(fresh, other)


def test_it_has_as_many_weights_as_an_lstm() -> None:
    sizes = [
        sum(p.numel() for p in kind(30, 64, 1).parameters() if p.dim() > 1)
        for kind in (Lstm, Memoryless)
    ]
    assert sizes[0] == sizes[1]
