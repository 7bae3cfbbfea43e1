# SPDX-License-Identifier: Apache-2.0
"""Training of a torque observer for free runs.

First all that can be identified is
(:mod:`~lstm_dynamics_ros.learning.torque_observer.identification`), then the recurrent correction
learns from runs of which only the first row is known, and from windows of which the first
``burn_in_steps`` rows are. Errors count as absolute values, as in the figures that free runs are
judged by. Early stopping is by the same errors on held-out trajectories.
"""

from collections.abc import Iterator, Sequence
from typing import cast

from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.families.torque_observer import TorqueObserverSettings
from lstm_dynamics_ros.learning.torque_observer.identification import identify
from lstm_dynamics_ros.learning.torque_observer.observer import TorqueObserver
from lstm_dynamics_ros.learning.torque_observer.training_data import (
    both_kinds,
    hidden_runs,
    HiddenRuns,
)
from lstm_dynamics_ros.learning.training.epochs import Epochs, Given
from lstm_dynamics_ros.learning.training.update import scheduled
import torch
from torch import nn, Tensor

INPUT_NOISE = 0.2
"""Noise on the normalised inputs of the correction, by cross-validation on the KR300 set."""

VELOCITY_WEIGHT = 0.2
"""Weight of the velocity beside the position: the position is what a free run is for."""

WINDOWS_PER_RUN = 4
"""Windows in a batch per whole run in it."""


class OpenLoopTraining(Epochs):
    """Training of a torque observer. What was identified of a model to start from is kept."""

    settings: TorqueObserverSettings

    def __init__(self, given: Given) -> None:
        super().__init__(given)
        settings, start = self.settings, given.start
        self.observer = model = cast('TorqueObserver', self.model)
        self.trained = [model.cell, model.output, model.shrink]
        weights = [p for part in self.trained for p in part.parameters()]
        self.optimizer = torch.optim.AdamW(
            weights, settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.schedule = scheduled(self.optimizer, settings)
        known, seen = self.found(), None
        if known is not None:
            model.load_state_dict(known['model'])
        elif start is not None:
            model.load_state_dict(start.weights)
        else:
            seen = identify(model, self.learned, settings)
        self.runs, self.windows = seen or self._hidden(self.learned)
        self.unseen = self._hidden(self.held_out)
        if known is None and start is None:
            _normalise(model, [self.runs, self.windows])
        self.scale = model.filter.spread[: 2 * model.n_joints].float()
        weight = torch.ones(2 * model.n_joints)
        weight[model.n_joints :] = VELOCITY_WEIGHT
        self.weight = weight / weight.sum()
        self.measured_scale = _mean_error(
            self.windows.filtered.base.float(), self.windows, measured=True
        ).clamp_min(1e-6)
        bases = [_mean_error(part.filtered.base.float(), part) for part in self.unseen]
        self.reference = [base.clamp_min(1e-6) for base in bases]
        self.resume(known)

    def losses(self, epoch: int, generator: torch.Generator) -> Iterator[Tensor]:  # noqa: ARG002
        """See the base class."""
        self.observer.train()
        self.observer.passes.eval()  # they are identified already
        for _ in range(self.settings.updates_per_epoch):
            yield self._loss()

    def update(self, loss: Tensor) -> None:
        """See the base class."""
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        for part in self.trained:
            nn.utils.clip_grad_norm_(part.parameters(), self.settings.gradient_clip)
        self.optimizer.step()

    @torch.no_grad()
    def held_out_error(self) -> float:
        """Return the mean absolute error of positions relative to that of the filter alone."""
        n = self.observer.n_joints
        ratios = [
            (_mean_error(_predicted(self.observer, part), part)[:n].sum() / base[:n].sum())
            for part, base in zip(self.unseen, self.reference, strict=True)
        ]
        return float(torch.stack(ratios).mean())

    def _loss(self) -> Tensor:
        """Return the loss of one random batch."""
        size = self.settings.batch_size
        total = torch.zeros(())
        for part, count in ((self.runs, size), (self.windows, WINDOWS_PER_RUN * size)):
            which = torch.randperm(part.targets.shape[1])[:count]
            batch = part.pick(which)
            predicted = _predicted(self.observer, batch, noise=INPUT_NOISE)
            error = _mean_error(predicted, batch) / self.scale
            total = total + (error * self.weight).sum()
            if part is self.windows:
                measured = _mean_error(predicted, batch, measured=True) / self.measured_scale
                share = self.settings.one_step_weight * (measured * self.weight).sum()
                # A hundredth: errors of one step are counted in units of their own size.
                total = total + 0.01 * share
        return total

    def _hidden(self, runs: Sequence[Trajectory]) -> list[HiddenRuns]:
        """Return whole runs and windows of some data."""
        return [hidden_runs(self.observer, part) for part in both_kinds(runs, self.settings)]


def _predicted(model: TorqueObserver, runs: HiddenRuns, *, noise: float = 0.0) -> Tensor:
    """Return the predictions of a model on hidden runs, shape (T, N, D)."""
    inputs = model.normalised(runs.filtered.inputs)
    if noise:
        inputs = inputs + noise * torch.randn_like(inputs)
    hidden, _ = model.cell(inputs, model.cell.zero_state(inputs.shape[1]))
    return model.correct(runs.filtered, hidden)


def _mean_error(predicted: Tensor, runs: HiddenRuns, *, measured: bool = False) -> Tensor:
    """Return the mean absolute error of each column over hidden rows, or over measured ones.

    Of the measured rows the first half does not count: the filter is settling.
    """
    rows = slice(runs.known - 1, None)
    if measured:
        rows = slice((runs.known - 1) // 2, max(1, runs.known - 1))
    there = runs.there[rows]
    error = (predicted[rows] - runs.targets[rows]).abs() * there
    return error.sum((0, 1)) / there.sum().clamp_min(1)


def _normalise(model: TorqueObserver, parts: Sequence[HiddenRuns]) -> None:
    """Take mean and spread of the correction's inputs from its training data."""
    rows = torch.cat([part.filtered.inputs[part.there[..., 0] > 0] for part in parts])
    model.input_mean.copy_(rows.mean(0))
    model.input_std.copy_(rows.std(0) + 1e-3)
