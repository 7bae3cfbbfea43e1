# SPDX-License-Identifier: Apache-2.0
"""Errors of a model on whole trajectories: the reference of the loss, and when to stop."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, Trajectory, usable
from lstm_dynamics_ros.learning.models.base import Model
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.dataset import cut, WindowBatch
from lstm_dynamics_ros.learning.training.losses import run_windows, Scale
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import torch
from torch import Tensor

PER_RUN = 24
"""Windows looked at per trajectory, evenly spread."""

_BATCH = 64


@torch.no_grad()
def errors_on(
    model: Model,
    runs: Sequence[Trajectory],
    settings: TrainingSettings,
    *,
    per_run: int = PER_RUN,
    persistence: bool = False,
    hold_effort: bool = False,
) -> Scale:
    """Return mean squared errors on each trajectory.

    Args:
        model: The model.
        runs: The trajectories. One too short for a window gets the mean of the others.
        settings: Burn-in and horizon.
        per_run: Windows per trajectory.
        persistence: Return the errors of standing still instead (forward).
        hold_effort: Let a forward model that predicts no effort go on with the last measured one
            in causal free runs, as it does on the robot, instead of with what was measured then.

    Raises:
        TooShortError: If no trajectory holds a window.
    """
    horizon = settings.horizon
    burn_in = settings.burn_in_steps
    steps = burn_in + (horizon if horizon else settings.window_steps)
    chosen: list[tuple[int, int]] = []
    for i, run in enumerate(runs):
        room = len(run.observations) - steps
        if room >= 0:
            starts = torch.linspace(0, room, min(per_run, room + 1)).long().tolist()
            chosen += [(i, start) for start in starts]
    if not chosen:
        longest = max((len(run.observations) for run in runs), default=0)
        raise TooShortError(longest * settings.dt, steps * settings.dt)
    sums = Scale(
        torch.zeros(len(runs), model.n_targets),
        torch.zeros(len(runs), 2, horizon, model.n_targets),
    )
    for first in range(0, len(chosen), _BATCH):
        part = chosen[first : first + _BATCH]
        windows = cut(runs, [i for i, _ in part], [s for _, s in part], steps)
        held = _holding(windows, burn_in - 1, model) if hold_effort else windows
        _add(sums, model, (windows, held), burn_in, horizon, persistence=persistence)
    counts = torch.bincount(torch.tensor([i for i, _ in chosen]), minlength=len(runs))
    lost = counts == 0
    per = counts.clamp_min(1)
    one_step, free = sums.one_step / per[:, None], sums.free / per[:, None, None, None]
    one_step[lost] = one_step[~lost].mean(0)
    free[lost] = free[~lost].mean(0)
    return Scale(one_step, free)


def reference_errors(
    model: Model, runs: Sequence[Trajectory], settings: TrainingSettings
) -> Scale:
    """Return the errors that others are divided by.

    The smaller of the start model's and, for a forward model, that of standing still.
    """
    own = errors_on(model, runs, settings)
    if not settings.horizon:
        return own.mixed()
    still = errors_on(model, runs, settings, persistence=True)

    def smaller(a: Tensor, b: Tensor) -> Tensor:
        return torch.minimum(a.nan_to_num(torch.inf), b)

    return Scale(smaller(own.one_step, still.one_step), smaller(own.free, still.free)).mixed()


def _add(
    sums: Scale,
    model: Model,
    by_mode: tuple[WindowBatch, WindowBatch],
    burn_in: int,
    horizon: int,
    *,
    persistence: bool,
) -> None:
    """Add the squared errors on some windows to the sums of their trajectories.

    Args:
        sums: They are changed.
        model: The model.
        by_mode: The windows with the effort that is known, and with that of causal free runs.
        burn_in: Steps that are not scored.
        horizon: Length of the free runs.
        persistence: Whether to take standing still instead.
    """
    windows = by_mode[0]
    if not horizon:
        one_step = run_windows(
            model, windows, burn_in=burn_in, horizon=0, starts=()
        ).one_step.mean(0)
        sums.one_step.index_add_(0, windows.runs, one_step)
        return
    start = burn_in - 1
    still = windows.observations[start, :, : model.n_targets]
    goals = windows.targets[burn_in:]
    at_rest = model.error(still, goals) ** 2
    for mode in (0, 1):
        free = at_rest
        if not persistence:
            causal = torch.full((len(windows.runs), 1), bool(mode))
            runs = run_windows(
                model, by_mode[mode], burn_in=start, horizon=horizon, starts=[start], causal=causal
            )
            free = at_rest if runs.free is None else runs.free
        sums.free[:, mode].index_add_(0, windows.runs, free.transpose(0, 1).contiguous())
        if mode == 0:
            sums.one_step.index_add_(0, windows.runs, free[0])


def _holding(windows: WindowBatch, start: int, model: Model) -> WindowBatch:
    """Return windows whose effort after a step stays what it was, if a model predicts none."""
    motion = 2 * model.n_joints
    if not model.forward_kind or model.n_targets > motion or model.n_features == motion:
        return windows
    seen = windows.observations.clone()
    seen[start + 1 :, :, motion:] = seen[start, :, motion:]
    return windows._replace(observations=seen)


def score(errors: Scale, reference: Scale, settings: TrainingSettings, n_joints: int) -> float:
    """Return one number for how good a model is: its error relative to a reference's.

    The geometric mean over modes, horizons (1, 10 and the longest) and kinds of the mean
    ratio of squared errors, so that none of them can hide behind another. Effort is a means in a
    forward model and does not count.
    """
    ratios: list[Tensor] = []
    if settings.horizon:
        kinds = [i for i, kind in enumerate(settings.targets) if kind != 'effort']
        for k in sorted({1, min(10, settings.horizon), settings.horizon}):
            ratio = errors.free[:, :, k - 1] / reference.free[:, :, k - 1]
            per_kind = ratio.mean(0).reshape(2, -1, n_joints).mean(2)[:, kinds]
            ratios.append(per_kind.flatten())
    else:
        ratios.append((errors.one_step / reference.one_step).mean(0).mean().reshape(1))
    mean = torch.cat(ratios).clamp_min(1e-12).log().mean().exp()
    return float(mean)


@torch.no_grad()
def error_ratio(
    new: Checkpoint,
    old: Checkpoint,
    segments: Sequence[Segment],
    prior: RigidBodyPrior | None = None,
) -> float:
    """Return the mean squared one-step error of a model over that of another of the same form.

    Args:
        new: One model.
        old: The other; both see the data as its settings say.
        segments: Data that neither was trained on.
        prior: Rigid-body prior of residual models.

    Returns:
        Geometric mean over targets of the ratio; below 1 if ``new`` is better.

    Raises:
        DataError: If the data cannot be used.
        TrainingError: If the models have other forms.
    """
    new.check_fits(old.settings, old.joint_names)
    runs = [columns(item, old.settings) for item in usable(segments, old.settings, prior)]
    errors = [errors_on(item.model(), runs, old.settings).one_step.mean(0) for item in (new, old)]
    return float((errors[0] / errors[1].clamp_min(1e-30)).log().mean().exp())
