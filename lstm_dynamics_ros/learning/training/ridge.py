# SPDX-License-Identifier: Apache-2.0
"""Choice of the regularisation of the linear part, by data that it was not solved for."""

from collections.abc import Sequence
import math

from lstm_dynamics_ros.data.split import Fold
from lstm_dynamics_ros.learning.columns import columns, Trajectory, usable
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.linear_start import prepare, refit_linear
from lstm_dynamics_ros.learning.training.losses import Scale, SMALLEST_ERROR
from lstm_dynamics_ros.learning.training.validation import errors_on, score
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import torch
from torch import Tensor

RIDGES = (1e-3, 1e-1, 1e1, 1e2)
"""Regularisations to choose from, in rising order."""

HARDLY_WORSE = 1.02
"""An error this many times the least is hardly worse, whatever the scatter."""

SIGNIFICANT = 2.0
"""Standard errors by which a regularisation must be worse over held-out trajectories to count as
worse. The strongest of those that are not is taken: what is held out is seldom as unlike the
training data as what comes later, and large coefficients that cancel each other there do not
cancel elsewhere. Source: L. Breiman, J. Friedman, R. Olshen, C. Stone, "Classification and
regression trees", 1984, ch. 3.4.3 (with one standard error)."""


def ridge_of_folds(
    folds: Sequence[Fold], settings: DynamicsSettings, prior: RigidBodyPrior | None = None
) -> float:
    """Return one regularisation for all members of an ensemble.

    What each member holds out is little, and of one recording much like its neighbours: the choice
    is made on all of it together.

    Args:
        folds: Training and held-out segments of each member.
        settings: What the members are.
        prior: Rigid-body prior of a model that has one.

    Raises:
        DataError: If the data cannot be used.
        TooShortError: If no held-out trajectory holds a window.
    """
    errors = []
    for learn_from, stop_by in folds:
        used, held = usable(learn_from, settings, prior), usable(stop_by, settings, prior)
        learned = [columns(segment, settings) for segment in used]
        model = DynamicsModel(settings, used[0].joint_types)
        prepare(
            model,
            learned,
            ridge=RIDGES[0],
            history=settings.history_steps,
            dt=settings.dt,
            ripple_limit=settings.ripple_limit,
        )
        unseen = [columns(segment, settings) for segment in held]
        errors.append(_errors(model, learned, unseen, settings))
    by_ridge = [
        Scale(*(torch.cat(part) for part in zip(*found, strict=True)))
        for found in zip(*errors, strict=True)
    ]
    return _best(by_ridge, settings, len(used[0].joint_names))


def choose_ridge(
    model: DynamicsModel,
    learned: Sequence[Trajectory],
    held_out: Sequence[Trajectory],
    settings: DynamicsSettings,
) -> None:
    """Give a prepared model the linear part that does best on held-out data."""
    best = _best(_errors(model, learned, held_out, settings), settings, model.n_joints)
    refit_linear(model, learned, ridge=best, history=settings.history_steps, dt=settings.dt)


def _errors(
    model: DynamicsModel,
    learned: Sequence[Trajectory],
    held_out: Sequence[Trajectory],
    settings: DynamicsSettings,
) -> list[Scale]:
    """Return the held-out errors of the linear part alone, for every regularisation."""
    found = []
    for ridge in RIDGES:
        refit_linear(model, learned, ridge=ridge, history=settings.history_steps, dt=settings.dt)
        found.append(errors_on(model, held_out, settings))
    return found


def _best(errors: Sequence[Scale], settings: DynamicsSettings, n_joints: int) -> float:
    """Return the strongest regularisation that is not shown to be worse than the best.

    The best is that of all trajectories together: one that some linear part meets by luck would
    decide alone, were each measured by what it is at best.

    Args:
        errors: Errors on every held-out trajectory, by regularisation.
        settings: What the model is.
        n_joints: Number of joints.
    """
    pooled = [error.pooled() for error in errors]
    least = Scale(
        *(
            torch.stack(part).nan_to_num(torch.inf).amin(0).clamp_min(SMALLEST_ERROR**2)
            for part in zip(*pooled, strict=True)
        )
    )

    def log_score(one_step: Tensor, free: Tensor) -> float:
        value = score(Scale(one_step, free), least, settings, n_joints)
        return math.inf if math.isnan(value) else math.log(max(value, 1e-12))

    scores = [log_score(*error) for error in pooled]
    best = scores.index(min(scores))
    each = np.array(
        [
            [log_score(error.one_step[k, None], error.free[k, None]) for error in errors]
            for k in range(len(errors[0].one_step))
        ]
    )
    chosen = best
    for k in range(best + 1, len(errors)):
        if not np.isfinite(each[:, [k, best]]).all():
            continue  # A free run that diverged: it is worse.
        worse = each[:, k] - each[:, best]
        doubt = SIGNIFICANT * worse.std(ddof=1) / math.sqrt(len(worse)) if len(worse) > 1 else 0.0
        if worse.mean() <= max(doubt, math.log(HARDLY_WORSE)):
            chosen = k
    return RIDGES[chosen]
