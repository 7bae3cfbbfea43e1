# SPDX-License-Identifier: Apache-2.0
"""The LSTM against the textbook equations, written out in numpy in double precision."""

from lstm_dynamics_ros.learning.cells.lstm import Lstm
import numpy as np
from numpy.typing import NDArray
import torch

Floats = NDArray[np.float64]


def sigmoid(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


def layer(weights: dict[str, Floats], x: Floats, h: Floats, c: Floats) -> tuple[Floats, Floats]:
    """Return h and c after one step; torch stacks the gates as i, f, candidate, o."""
    n = len(h)
    product = weights['weight_ih'] @ x + weights['weight_hh'] @ h
    product += weights['bias_ih'] + weights['bias_hh']
    i = sigmoid(product[:n])
    f = sigmoid(product[n : 2 * n])
    candidate = np.tanh(product[2 * n : 3 * n])
    o = sigmoid(product[3 * n :])
    c = f * c + i * candidate
    return o * np.tanh(c), c


def test_500_steps_with_a_linear_head_equal_the_textbook_equations() -> None:
    torch.manual_seed(3)
    n_layers, hidden = 2, 16
    cell = Lstm(5, hidden, n_layers)
    head = torch.nn.Linear(hidden, 3)
    x = torch.randn(500, 1, 5)
    with torch.no_grad():
        y, (h_last, c_last) = cell(x, cell.zero_state(1))
        y = head(y)
    named = dict(cell.layers.named_parameters())
    layers = [
        {
            part: named[f'{part}_l{k}'].detach().double().numpy()
            for part in ('weight_ih', 'weight_hh', 'bias_ih', 'bias_hh')
        }
        for k in range(n_layers)
    ]
    w, b = head.weight.detach().double().numpy(), head.bias.detach().double().numpy()
    h, c = np.zeros((n_layers, hidden)), np.zeros((n_layers, hidden))
    expected = []
    for row in x[:, 0].double().numpy():
        seen = row
        for k in range(n_layers):
            h[k], c[k] = layer(layers[k], seen, h[k], c[k])
            seen = h[k].copy()
        expected.append(w @ seen + b)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(y[:, 0].numpy(), expected, rtol=0, atol=1e-5 * scale)
    np.testing.assert_allclose(h_last[:, 0].numpy(), h, rtol=0, atol=1e-5)
    np.testing.assert_allclose(c_last[:, 0].numpy(), c, rtol=0, atol=1e-5 * np.abs(c).max())
