# SPDX-License-Identifier: Apache-2.0
"""What training minimises: one-step and free-run errors after a burn-in.

A forward model runs teacher-forced over a window (each input is measured), then from several
moments of it freely: its own prediction is the next input. Efforts during a free run are either
the measured ones (``known``) or, where the model predicts effort, its own (``causal``). All free
runs of a batch advance together.

Each squared error is divided by that of a reference at the same horizon, column and mode: the
better of the linear start model and persistence. So every horizon and joint counts alike, though
errors grow by orders of magnitude over 50 steps.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.base import Model, ModelState
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.dataset import WindowBatch
import torch
from torch import Tensor

SMALLEST_ERROR = 1e-6
"""Smallest RMS error, in the target's unit, that an error is divided by."""


Disturb = Callable[[Tensor], Tensor]
"""Turns predictions, shape (S, D), into what is fed back."""


class Runs(NamedTuple):
    """What a model predicted on a batch of windows."""

    one_step: Tensor
    """Squared teacher-forced errors after the burn-in, shape (T, N, D)."""
    free: Tensor | None
    """Squared errors of the free runs, shape (K, S, D): horizons, runs."""
    causal: Tensor | None
    """Which runs fed back their own effort, shape (S, 1)."""


def run_windows(
    model: Model,
    windows: WindowBatch,
    *,
    burn_in: int,
    horizon: int,
    starts: Sequence[int],
    causal: Tensor | None = None,
    disturb: Disturb | None = None,
) -> Runs:
    """Run a model over windows, teacher-forced and freely.

    Args:
        model: The model.
        windows: Batch of N windows.
        burn_in: Steps that are not scored.
        horizon: Length K of the free runs; 0 for none.
        starts: Steps of the window from which all windows run freely, rising. The first free
            prediction is that from the observation at the start.
        causal: Which runs feed back their own effort, shape (len(starts) * N, 1).
        disturb: What happens to a prediction before it is fed back.
    """
    observations, targets = windows.observations, windows.targets
    shift = int(model.forward_kind)
    n_runs = len(starts) if horizon else 0
    length = observations.shape[0] - (horizon if n_runs else shift)
    state = model.zero_state(observations.shape[1])
    seen = observations[:length]
    skip = min(burn_in, *starts) if n_runs else burn_in
    predictions, states = model.branches(seen, state, starts if n_runs else (), skip=skip)
    goals = targets[shift + skip : length + shift]
    one_step = model.error(predictions, goals)[burn_in - skip :] ** 2
    if not n_runs:
        return Runs(one_step, None, None)
    where = torch.tensor(starts)
    errors = free_run(
        model,
        torch.cat([predictions[start - skip] for start in starts]),
        join(states),
        [observations[where + k].flatten(0, 1) for k in range(1, horizon + 1)],
        causal,
        disturb,
    )
    return Runs(one_step, errors**2, causal)


def free_run(
    model: Model,
    prediction: Tensor,
    state: ModelState,
    measured: Sequence[Tensor],
    causal: Tensor | None,
    disturb: Disturb | None = None,
) -> Tensor:
    """Return the errors of free runs, shape (K, S, D).

    Args:
        model: A forward model.
        prediction: Prediction for one step after the start, shape (S, D).
        state: State after the step that made it.
        measured: Observations at 1, ..., K steps after the start, each of shape (S, F).
        causal: Which runs feed back their own effort, shape (S, 1); None for none.
        disturb: What happens to a prediction before it is fed back.
    """
    d = model.n_targets
    motion = min(d, 2 * model.n_joints)
    errors = []
    for k, truth in enumerate(measured):
        errors.append(model.error(prediction, truth[:, :d]))
        if k + 1 < len(measured):
            effort = truth[:, motion:]
            if causal is not None and d > motion:
                effort = torch.where(causal, prediction[:, motion:], effort)
            own = prediction if disturb is None else disturb(prediction)
            fed = torch.cat([own[:, :motion], effort], 1)
            prediction, state = model.step(fed, state)
    return torch.stack(errors)


def join(states: Sequence[ModelState]) -> ModelState:
    """Return the states of several batches as those of one batch."""
    cells = [state.cell for state in states]
    cell = tuple(torch.cat(parts, 1) for parts in zip(*cells, strict=True))
    lines = [state.line for state in states if state.line is not None]
    slips = [state.slip for state in states if state.slip is not None]
    memories = [state.memory for state in states if state.memory is not None]
    last = [s.last_prediction for s in states if s.last_prediction is not None]
    line = None
    if lines:
        line = type(lines[0])(*(torch.cat(parts) for parts in zip(*lines, strict=True)))
    others = [torch.cat(parts) if parts else None for parts in (slips, memories, last)]
    return ModelState(cell, line, *others)


class Scale(NamedTuple):
    """Squared errors of the reference on each of R trajectories, by which errors are divided."""

    one_step: Tensor
    """Shape (R, D)."""
    free: Tensor
    """Known and causal effort, horizons: shape (R, 2, K, D); K = 0 without free runs."""

    def pooled(self) -> 'Scale':
        """Return the mean over trajectories, as if they were one."""
        return Scale(self.one_step.mean(0, keepdim=True), self.free.mean(0, keepdim=True))

    def mixed(self, own: float = 0.7) -> 'Scale':
        """Return the scale with each trajectory's errors drawn towards the mean of all.

        Wholly own scales would let a slow trajectory, where little can be gained, weigh as much
        as any; a common scale lets the fastest one outweigh all others.

        Args:
            own: Exponent of the trajectory's own error; 1 - own is that of the mean.
        """

        def mix(errors: Tensor) -> Tensor:
            floor = errors.clamp_min(SMALLEST_ERROR**2)
            return floor**own * floor.mean(0, keepdim=True) ** (1 - own)

        return Scale(mix(self.one_step), mix(self.free))


def column_weights(settings: TrainingSettings, n_joints: int) -> Tensor:
    """Return the weight of each target's error, summing to the number of joints."""
    of_effort = settings.effort_weight if isinstance(settings, ForwardSettings) else 1.0
    weights = torch.tensor([of_effort if k == 'effort' else 1.0 for k in settings.targets])
    return (weights / weights.sum()).repeat_interleave(n_joints) / n_joints


def loss_of(
    runs: Runs, of: Tensor, scale: Scale, settings: TrainingSettings, weights: Tensor
) -> Tensor:
    """Return the scalar that training minimises: 1 is as good as the reference.

    Args:
        runs: What the model predicted.
        of: Number of the trajectory of each window, shape (N,).
        scale: Errors of the reference.
        settings: Weight of the one-step error.
        weights: Weight of each target, shape (D,).
    """
    one_step = ((runs.one_step / scale.one_step[of]).mean((0, 1)) * weights).sum()
    if runs.free is None or not isinstance(settings, ForwardSettings):
        return one_step
    length, n_runs = runs.free.shape[:2]
    per_run = scale.free[of, :, :length].repeat(n_runs // len(of), 1, 1, 1)
    divisor = per_run[:, 0]
    if runs.causal is not None:
        divisor = torch.where(runs.causal.unsqueeze(2), per_run[:, 1], divisor)
    free = ((runs.free / divisor.transpose(0, 1)).mean((0, 1)) * weights).sum()
    return (free + settings.one_step_weight * one_step) / (1 + settings.one_step_weight)
