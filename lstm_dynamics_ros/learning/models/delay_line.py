# SPDX-License-Identifier: Apache-2.0
"""The recent past of the observations, seen through differences.

Differences of raw values are exact where it matters: neighbouring samples are close, so a float32
subtraction loses nothing, even with positions of many metres. Absolute normalised values would
drown the microradians an encoder moves in one step.

Once the line is full, the hidden state of a cell can be guessed from it, see
:class:`InitialState`.
"""

import math
from typing import NamedTuple

from lstm_dynamics_ros.learning.cells import State
import torch
from torch import nn, Tensor
from torch.nn import functional


class LineState(NamedTuple):
    """What the delay line remembers."""

    rows: Tensor
    """The last P - 1 observations, oldest first, SI units, shape (N, P - 1, F)."""
    started: Tensor
    """Observations since a reset, counted up to P, shape (N, 1)."""


def wrapped(difference: Tensor, wraps: Tensor) -> Tensor:
    """Return differences with those of wrapping columns [rad] taken the short way round.

    Args:
        difference: Any differences, shape (..., F).
        wraps: 1 for columns that wrap at +-pi, else 0, shape (F,).
    """
    turns = torch.round(difference / (2 * math.pi))
    return difference - wraps * (2 * math.pi) * turns


class DelayLine(nn.Module):
    """A linear filter over the last P observations, and a few long differences of them.

    After a reset the first observation stands for the whole past, as if the robot had rested.

    Args:
        n_features: Columns F of the observations.
        n_outputs: Outputs D of the linear filter.
        history: Length P, at least 2 [steps].
        wraps: 1 for columns that wrap at +-pi, else 0, shape (F,).
    """

    wraps: Tensor
    scale: Tensor
    lag_scale: Tensor

    def __init__(self, n_features: int, n_outputs: int, history: int, wraps: Tensor) -> None:
        super().__init__()
        self.history = history
        self.n_features = n_features
        self.lags = sorted({1, -(-history // 5), history // 2, history - 1} - {0})
        """Spans of the long differences [steps]."""
        self.any_wraps = bool(wraps.any())
        self.register_buffer('wraps', wraps)
        self.register_buffer('scale', torch.ones(n_features))
        self.register_buffer('lag_scale', torch.ones(len(self.lags), n_features))
        self.weight = nn.Parameter(torch.zeros(n_outputs, history - 1, n_features))

    def zero_state(self, batch: int) -> LineState:
        """Return the state of a line that has seen nothing."""
        rows = torch.zeros(batch, self.history - 1, self.n_features)
        return LineState(rows, torch.zeros(batch, 1))

    def step(self, observation: Tensor, state: LineState) -> tuple[Tensor, Tensor, LineState]:
        """Take one step. See :meth:`sequence`; shapes are without the time."""
        newest = observation.unsqueeze(1)
        past = torch.where(state.started.unsqueeze(2) > 0.5, state.rows, newest)
        kept = torch.cat([past, newest], 1)
        window = kept.to(self.scale.dtype)
        rows, now = window[:, :-1], window[:, -1:]
        steps = self._shortest(window[:, 1:] - rows) * self.scale
        size = (self.history - 1) * self.n_features
        linear = steps.reshape(-1, size) @ self.weight.flatten(1).t()
        before = rows[:, [self.history - 1 - lag for lag in self.lags]]
        spans = self._shortest(now - before) * self.lag_scale
        spans = spans.reshape(-1, len(self.lags) * self.n_features)
        started = (state.started + 1).clamp(max=self.history)
        return linear, spans, LineState(kept[:, 1:], started)

    def padded(self, observations: Tensor, state: LineState) -> Tensor:
        """Return a sequence with the P - 1 observations before it, shape (P - 1 + T, N, F)."""
        past = state.rows.transpose(0, 1)
        past = torch.where(state.started > 0.5, past, observations[:1])
        return torch.cat([past, observations])

    def sequence(self, padded: Tensor) -> tuple[Tensor, Tensor]:
        """Run over a sequence.

        Args:
            padded: Observations from :meth:`padded`.

        Returns:
            Output of the linear filter, shape (T, N, D), and the scaled long differences, shape
            (T, N, n_lags * F).
        """
        steps = self._shortest(padded[1:] - padded[:-1]) * self.scale
        linear = functional.conv1d(steps.permute(1, 2, 0), self.weight.transpose(1, 2))
        now, first = padded[self.history - 1 :], self.history - 1
        spans = [
            self._shortest(now - padded[first - lag : len(padded) - lag]) * self.lag_scale[i]
            for i, lag in enumerate(self.lags)
        ]
        return linear.permute(2, 0, 1), torch.cat(spans, -1)

    def state_after(self, padded: Tensor, step: int, before: LineState) -> LineState:
        """Return the state after a step of the sequence that ``padded`` holds.

        Args:
            padded: Observations from :meth:`padded`.
            step: Number of the step, from 0.
            before: State before the sequence.
        """
        rows = padded[step + 1 : step + self.history].transpose(0, 1)
        return LineState(rows, (before.started + step + 1).clamp(max=self.history))

    def windows(self, padded: Tensor) -> Tensor:
        """Return the inputs of the linear filter, shape (T, N, (P - 1) * F)."""
        steps = self._shortest(padded[1:] - padded[:-1]) * self.scale
        unfolded = steps.unfold(0, self.history - 1, 1)  # (T, N, F, P - 1)
        return unfolded.transpose(2, 3).flatten(2)

    def shortest(self, difference: Tensor, columns: int) -> Tensor:
        """Return differences of the first columns, wrapping ones the short way round."""
        if not self.any_wraps:
            return difference
        return wrapped(difference, self.wraps[:columns].to(difference.dtype))

    def _shortest(self, difference: Tensor) -> Tensor:
        return self.shortest(difference, self.n_features)


class InitialState(nn.Module):
    """A hidden state guessed from a short history, instead of one that grows from zero.

    Two dense layers from what the cell sees in one step to its state after that step. A cell that
    starts from zero needs its washout until it knows what it would know; this sets the state to
    what a cell that saw more would have. Source: N. Mohajerin, S. Waslander, "Multistep prediction
    of dynamic systems with recurrent neural networks", IEEE Trans. Neural Networks and Learning
    Systems 30(11), 2019; G. Beintema, M. Schoukens, R. Toth, "Deep subspace encoders for nonlinear
    system identification", Automatica 156, 2023.

    Off by default: the linear path reads the same history exactly, and on the simulated arms the
    guess was no better than zero once that path was there.

    Args:
        seen: Length of what the cell sees.
        shape: Number of state tensors, layers L and width H.
        width: Units of the hidden layer.
    """

    def __init__(self, seen: int, shape: tuple[int, int, int], *, width: int = 32) -> None:
        super().__init__()
        self.shape = shape
        size = shape[0] * shape[1] * shape[2]
        self.layers = nn.Sequential(nn.Linear(seen, width), nn.Tanh(), nn.Linear(width, size))

    def forward(self, inputs: Tensor) -> State:
        """Return state tensors of shape (L, N, H) from inputs of shape (N, seen)."""
        count, layers, width = self.shape
        flat = torch.tanh(self.layers(inputs)).reshape(-1, count, layers, width)
        return tuple(flat[:, i].transpose(0, 1) for i in range(count))
