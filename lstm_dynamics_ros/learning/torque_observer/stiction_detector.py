# SPDX-License-Identifier: Apache-2.0
"""Which joints stand still, found from the efforts alone.

A joint at rest is held by stiction: its effort depends on what holds it, not on how it moves. A
small recurrent network learns from efforts to find such joints, and a rough velocity of the
others. In a later pass of a torque observer it also sees what the passes before estimate of the
motion.
"""

from collections.abc import Sequence
from typing import cast, NamedTuple

from lstm_dynamics_ros.learning.cells import Cell, CELLS
from lstm_dynamics_ros.learning.torque_observer.inverse_regression import STILL
import torch
from torch import nn, Tensor
from torch.nn import functional

UPDATES, BATCH = 120, (24, 48)
"""Updates of the training, and pieces of the first and of every other kind in each."""

LEARNING_RATE, WEIGHT_DECAY, NOISE, DROPOUT = 8e-3, 0.05, 0.1, 0.3
"""Of the training. As the sizes, by cross-validation on the training blocks of the KR300 set,
where held-out and training error are the same."""


class Pieces(NamedTuple):
    """Pieces of trajectories to learn from, padded to one length, time first."""

    effort: Tensor
    """Shape (T, N, n_joints)."""
    speed: Tensor
    """Velocities in units of their spread, NaN where unknown, shape (T, N, n_joints)."""
    earlier: Tensor | None = None
    """What the passes before estimate, shape (T, N, E)."""

    @property
    def before(self) -> Tensor:
        """Efforts one step before."""
        return torch.cat([self.effort[:1], self.effort[:-1]])


class StictionDetector(nn.Module):
    """Probability that each joint is still, and rough velocities, from efforts.

    Args:
        n_joints: Number of joints.
        hidden: Width of the network.
        earlier: Numbers that the passes before estimate.
    """

    effort_spread: Tensor
    change_spread: Tensor
    earlier_mean: Tensor
    earlier_spread: Tensor

    def __init__(self, n_joints: int, *, hidden: int = 32, earlier: int = 0) -> None:
        super().__init__()
        self.n_joints, self.hidden = n_joints, hidden
        self.register_buffer('effort_spread', torch.ones(n_joints))
        self.register_buffer('change_spread', torch.ones(n_joints))
        self.register_buffer('earlier_mean', torch.zeros(earlier))
        self.register_buffer('earlier_spread', torch.ones(earlier))
        self.cell: Cell = CELLS['gru'](4 * n_joints + earlier, hidden, 1)
        self.dropout = nn.Dropout(DROPOUT)
        self.output = nn.Linear(hidden, 2 * n_joints)

    def features(self, effort: Tensor, before: Tensor, earlier: Tensor | None = None) -> Tensor:
        """Return what the network sees of efforts and those one step before, (..., n_joints)."""
        size = effort / self.effort_spread.to(effort.dtype)
        change = (effort - before) / self.change_spread.to(effort.dtype)
        seen = [size, torch.tanh(2 * size), change, change.abs()]
        if earlier is not None:
            mean, spread = (p.to(earlier.dtype) for p in (self.earlier_mean, self.earlier_spread))
            seen.append((earlier - mean) / spread)
        return torch.cat(seen, -1)

    def forward(
        self, effort: Tensor, before: Tensor, hidden: Tensor, earlier: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Run over a sequence.

        Args:
            effort: Shape (T, N, n_joints).
            before: Efforts one step before.
            hidden: Hidden state before the first step, shape (1, N, H).
            earlier: What the passes before estimate, shape (T, N, E).

        Returns:
            Probability of being still and velocity in units of its spread, each of shape
            (T, N, n_joints), and the hidden state after the last step.
        """
        logits, rough, after = self._run(self.features(effort, before, earlier), hidden)
        return torch.sigmoid(logits), rough, after

    def step(
        self, effort: Tensor, before: Tensor, hidden: Tensor, earlier: Tensor | None = None
    ) -> tuple[Tensor, ...]:
        """Take one step in float64. See :meth:`forward`; shapes are without the time.

        A filter that runs on efforts alone makes a thousand last bits of one. In float64 those of
        two machines are the same, once rounded to the float32 of the state.
        """
        own = {name: p.double() for name, p in cast('nn.GRU', self.cell.layers).named_parameters()}
        seen = self.features(effort.double(), before.double(), earlier)
        from_input = seen @ own['weight_ih_l0'].T + own['bias_ih_l0']
        from_state = hidden.double() @ own['weight_hh_l0'].T + own['bias_hh_l0']
        width = self.hidden
        reset = torch.sigmoid(from_input[:, :width] + from_state[:, :width])
        keep = slice(width, 2 * width)
        kept = torch.sigmoid(from_input[:, keep] + from_state[:, keep])
        new = torch.tanh(from_input[:, 2 * width :] + reset * from_state[:, 2 * width :])
        after = (1 - kept) * new + kept * hidden.double()
        found = after @ self.output.weight.double().T + self.output.bias.double()
        return torch.sigmoid(found[:, : self.n_joints]), found[:, self.n_joints :], after.float()

    def _run(self, seen: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        outputs, after = self.cell(seen, (hidden,))
        found = self.output(self.dropout(outputs))
        return found[..., : self.n_joints], found[..., self.n_joints :], after[0]

    def zero_state(self, batch: int) -> Tensor:
        """Return the hidden state of a network that has seen nothing."""
        return self.cell.zero_state(batch)[0]

    def learn(self, kinds: Sequence[Pieces], *, seed: int) -> Tensor:
        """Train on pieces of trajectories.

        Args:
            kinds: Pieces of one or more kinds; each batch has some of every kind.
            seed: Seed of weights, batches and noise.

        Returns:
            Mean squared error of the rough velocities of the first kind, shape (n_joints,).
        """
        self._take_scales(kinds[0])
        seen = [self.features(part.effort, part.before, part.earlier).detach() for part in kinds]
        optimizer = torch.optim.AdamW(self.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, LEARNING_RATE, total_steps=UPDATES, pct_start=0.1
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            for _ in range(UPDATES):
                loss = torch.zeros(())
                for part, rows, count in zip(kinds, seen, BATCH, strict=False):
                    pick = torch.randperm(rows.shape[1])[:count]
                    noisy = rows[:, pick] + NOISE * torch.randn_like(rows[:, pick])
                    loss = loss + self._loss(noisy, part.speed[:, pick])
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
        self.eval()
        with torch.no_grad():
            _, rough, _ = self._run(seen[0], self.zero_state(seen[0].shape[1]))
        there = torch.isfinite(kinds[0].speed)
        wrong = (rough - kinds[0].speed.nan_to_num()).square() * there
        return wrong.sum((0, 1)) / there.sum((0, 1))

    def _loss(self, seen: Tensor, speed: Tensor) -> Tensor:
        """Return the loss of one batch."""
        logits, rough, _ = self._run(seen, self.zero_state(seen.shape[1]))
        there = torch.isfinite(speed)
        truth = speed.nan_to_num()
        still = (truth.abs() < STILL).to(logits.dtype)
        wrong = functional.binary_cross_entropy_with_logits(logits, still, reduction='none')
        return ((wrong + (rough - truth).abs()) * there).sum() / there.sum().clamp_min(1)

    def _take_scales(self, pieces: Pieces) -> None:
        """Take the scales of what the network sees from the rows whose speed is known."""
        there = torch.isfinite(pieces.speed).all(-1)
        self.effort_spread.copy_(pieces.effort[there].std(0).clamp_min(1e-6))
        change = (pieces.effort - pieces.before)[there]
        self.change_spread.copy_(change.std(0).clamp_min(1e-6))
        if pieces.earlier is not None:
            rows = pieces.earlier[there]
            self.earlier_mean.copy_(rows.mean(0))
            self.earlier_spread.copy_(rows.std(0) + 1e-3)
