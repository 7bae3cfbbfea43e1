# SPDX-License-Identifier: Apache-2.0
"""One update of the weights: loss, gradient, optimiser and learning rate."""

import math

from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.dataset import WindowBatch
from lstm_dynamics_ros.learning.training.losses import Disturb, loss_of, run_windows, Scale
import torch
from torch import nn, Tensor

FREE_RUN_GROWTH = 0.3
"""Share of the training over which the free runs grow to their full length."""

LAST_RATE = 1e-3
"""Learning rate at the end, relative to the largest."""


def make_optimizer(
    model: DynamicsModel, settings: DynamicsSettings
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LambdaLR]:
    """Return torch's AdamW and a schedule: linear warm-up, then half a cosine.

    The linear part starts at its least-squares solution, so it moves slowly and does not decay.
    """
    linear = list(model.linear.parameters())
    if model.line is not None:
        linear += list(model.line.parameters())
    for parameter in linear:
        parameter.requires_grad_(settings.linear_rate > 0)
    own = {id(parameter) for parameter in linear}
    rest = [parameter for parameter in model.parameters() if id(parameter) not in own]
    rate = settings.learning_rate
    optimizer = torch.optim.AdamW(
        [
            {'params': rest, 'lr': rate, 'weight_decay': settings.weight_decay},
            {'params': linear, 'lr': rate * settings.linear_rate, 'weight_decay': 0.0},
        ],
        betas=(0.9, 0.98),
    )
    return optimizer, scheduled(optimizer, settings)


def scheduled(
    optimizer: torch.optim.Optimizer, settings: TrainingSettings
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return the learning rate over a training: linear warm-up, then half a cosine."""
    total = settings.max_epochs * settings.updates_per_epoch
    rising = max(1, round(settings.warm_up_share * total))

    def factor(update: int) -> float:
        if update < rising:
            return (update + 1) / rising
        share = (update - rising) / max(1, total - rising)
        return LAST_RATE + (1 - LAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def free_run_length(settings: DynamicsSettings, epoch: int) -> int:
    """Return the length of the free runs in an epoch [steps]."""
    if not isinstance(settings, ForwardSettings) or not settings.rollouts_per_window:
        return 0
    first = min(settings.rollout_start, settings.rollout_steps)
    share = min(1.0, epoch / max(1.0, FREE_RUN_GROWTH * settings.max_epochs))
    return round(first + share * (settings.rollout_steps - first))


def training_loss(
    model: DynamicsModel,
    windows: WindowBatch,
    scale: Scale,
    settings: DynamicsSettings,
    weights: Tensor,
    *,
    horizon: int,
    generator: torch.Generator,
) -> Tensor:
    """Return the loss on a batch, shape ().

    Args:
        model: The model.
        windows: Windows of ``settings.sequence_steps``.
        scale: Errors of the reference.
        settings: The training.
        weights: Weight of each target, shape (D,).
        horizon: Length of the free runs, 0 for teacher-forced training [steps].
        generator: Source of random numbers.
    """
    if settings.input_noise > 0:
        windows = _noisy(model, windows, settings.input_noise, generator)
    if not horizon or not isinstance(settings, ForwardSettings):
        runs = run_windows(model, windows, burn_in=settings.burn_in_steps, horizon=0, starts=())
        return loss_of(runs, windows.runs, scale, settings, weights)
    length = settings.burn_in_steps + settings.window_steps + horizon
    windows = windows._replace(
        observations=windows.observations[:length], targets=windows.targets[:length]
    )
    room = settings.window_steps
    count = min(settings.rollouts_per_window, room)
    offsets = torch.randperm(room, generator=generator)[:count].sort().values
    starts = (settings.burn_in_steps + offsets).tolist()
    n_runs = count * windows.observations.shape[1]
    causal = torch.rand(n_runs, 1, generator=generator) < settings.causal_share
    runs = run_windows(
        model,
        windows,
        burn_in=settings.burn_in_steps,
        horizon=horizon,
        starts=starts,
        causal=causal,
        disturb=_feedback_noise(model, settings.feedback_noise, generator),
    )
    return loss_of(runs, windows.runs, scale, settings, weights)


def _noisy(
    model: DynamicsModel, windows: WindowBatch, amount: float, generator: torch.Generator
) -> WindowBatch:
    """Return windows whose observations have noise, relative to their step-to-step change."""
    seen = windows.observations
    noise = torch.randn(seen.shape, generator=generator) * _step_size(model) * amount
    return windows._replace(observations=seen + noise)


def _feedback_noise(
    model: DynamicsModel, amount: float, generator: torch.Generator
) -> Disturb | None:
    """Return what adds noise to predictions that are fed back; None for no noise.

    A model that has met wrong states of its own making learns to come back from them. Source:
    A. Sanchez-Gonzalez et al., "Learning to simulate complex physics with graph networks", ICML
    2020 (noise on the input states of one step).
    """
    if not amount:
        return None
    scale = amount * _step_size(model)[: model.n_targets]

    def disturb(prediction: Tensor) -> Tensor:
        return prediction + scale * torch.randn(prediction.shape, generator=generator)

    return disturb


def _step_size(model: DynamicsModel) -> Tensor:
    """Return how much each column of the observation usually changes in a step, shape (F,)."""
    if model.line is not None:
        return 1 / model.line.scale
    return 0.01 / model.inverse_std.clamp_min(1e-9)


def update(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, clip: float) -> None:
    """Take one step down the gradient. A gradient that overflowed is left out."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
    if not torch.isfinite(norm):
        optimizer.zero_grad(set_to_none=True)
    optimizer.step()
