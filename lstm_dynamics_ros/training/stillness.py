# SPDX-License-Identifier: Apache-2.0
"""Which joints stand still, told from the efforts alone.

A joint at rest is held by stiction: its effort says what holds it, not how it moves. A small
recurrent network learns from efforts to tell such joints, and a rough velocity of the others.
"""

from collections.abc import Sequence
from typing import cast

from lstm_dynamics_ros.cells import Cell, CELLS
from lstm_dynamics_ros.training.inverse_regression import STILL
import torch
from torch import nn, Tensor
from torch.nn import functional

HIDDEN = 32
"""Width of the network."""

UPDATES, BATCH = 120, 24
"""Updates of the training, and pieces of trajectories in each."""

LEARNING_RATE, WEIGHT_DECAY, NOISE, DROPOUT = 8e-3, 0.05, 0.1, 0.3
"""Of the training. As the sizes, by cross-validation on the training blocks of the KR300 set,
where held-out and training error are the same."""


class Stillness(nn.Module):
    """Probability that each joint is still, and rough velocities, from efforts.

    Args:
        n_joints: Number of joints.
    """

    effort_spread: Tensor
    change_spread: Tensor

    def __init__(self, n_joints: int) -> None:
        super().__init__()
        self.n_joints = n_joints
        self.register_buffer('effort_spread', torch.ones(n_joints))
        self.register_buffer('change_spread', torch.ones(n_joints))
        self.cell: Cell = CELLS['gru'](4 * n_joints, HIDDEN, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(HIDDEN, 2 * n_joints)

    def features(self, effort: Tensor, before: Tensor) -> Tensor:
        """Return what the network sees of efforts and those one step before, (..., n_joints)."""
        size = effort / self.effort_spread.to(effort.dtype)
        change = (effort - before) / self.change_spread.to(effort.dtype)
        return torch.cat([size, torch.tanh(2 * size), change, change.abs()], -1)

    def forward(self, effort: Tensor, before: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        """Run over a sequence.

        Args:
            effort: Shape (T, N, n_joints).
            before: Efforts one step before.
            hidden: Hidden state before the first step, shape (1, N, HIDDEN).

        Returns:
            Probability of being still and velocity in units of its spread, each of shape
            (T, N, n_joints), and the hidden state after the last step.
        """
        logits, rough, after = self._run(self.features(effort, before), hidden)
        return torch.sigmoid(logits), rough, after

    def step(self, effort: Tensor, before: Tensor, hidden: Tensor) -> tuple[Tensor, ...]:
        """Take one step in float64. See :meth:`forward`; shapes are without the time.

        A filter that runs on efforts alone makes a thousand last bits of one. In float64 those of
        two machines are the same, once rounded to the float32 of the state.
        """
        own = {name: p.double() for name, p in cast('nn.GRU', self.cell.layers).named_parameters()}
        seen = self.features(effort.double(), before.double())
        from_input = seen @ own['weight_ih_l0'].T + own['bias_ih_l0']
        from_state = hidden.double() @ own['weight_hh_l0'].T + own['bias_hh_l0']
        reset = torch.sigmoid(from_input[:, :HIDDEN] + from_state[:, :HIDDEN])
        keep = slice(HIDDEN, 2 * HIDDEN)
        kept = torch.sigmoid(from_input[:, keep] + from_state[:, keep])
        new = torch.tanh(from_input[:, 2 * HIDDEN :] + reset * from_state[:, 2 * HIDDEN :])
        after = (1 - kept) * new + kept * hidden.double()
        told = after @ self.output.weight.double().T + self.output.bias.double()
        return torch.sigmoid(told[:, : self.n_joints]), told[:, self.n_joints :], after.float()

    def _run(self, seen: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        outputs, after = self.cell(seen, (hidden,))
        told = self.output(self.dropout(outputs))
        return told[..., : self.n_joints], told[..., self.n_joints :], after[0]

    def zero_state(self, batch: int) -> Tensor:
        """Return the hidden state of a network that has seen nothing."""
        return self.cell.zero_state(batch)[0]

    def learn(self, efforts: Sequence[Tensor], speeds: Sequence[Tensor], *, seed: int) -> Tensor:
        """Train on pieces of trajectories.

        Args:
            efforts: Efforts of each piece, shape (T, n_joints).
            speeds: Velocities of each piece in units of their spread, NaN where unknown.
            seed: Seed of weights, batches and noise.

        Returns:
            Mean squared error of the rough velocities, shape (n_joints,).
        """
        rows = torch.cat(list(efforts))
        steps = torch.cat([piece[1:] - piece[:-1] for piece in efforts])
        self.effort_spread.copy_(rows.std(0).clamp_min(1e-6))
        self.change_spread.copy_(steps.std(0).clamp_min(1e-6))
        effort = nn.utils.rnn.pad_sequence(list(efforts))
        speed = nn.utils.rnn.pad_sequence(list(speeds), padding_value=torch.nan)
        there = torch.isfinite(speed)
        speed = speed.nan_to_num()
        seen = self.features(effort, torch.cat([effort[:1], effort[:-1]])).detach()
        optimizer = torch.optim.AdamW(self.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, LEARNING_RATE, total_steps=UPDATES, pct_start=0.1
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for _ in range(UPDATES):
                pick = torch.randperm(len(efforts))[:BATCH]
                noisy = seen[:, pick] + NOISE * torch.randn_like(seen[:, pick])
                logits, rough, _ = self._run(noisy, self.zero_state(len(pick)))
                truth, mask = speed[:, pick], there[:, pick]
                still = (truth.abs() < STILL).to(logits.dtype)
                wrong = functional.binary_cross_entropy_with_logits(
                    logits, still, reduction='none'
                )
                loss = ((wrong + (rough - truth).abs()) * mask).sum() / mask.sum()
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
        self.eval()
        with torch.no_grad():
            _, rough, _ = self._run(seen, self.zero_state(len(efforts)))
        return ((rough - speed).square() * there).sum((0, 1)) / there.sum((0, 1))
