# SPDX-License-Identifier: Apache-2.0
"""Cross-validation of linear models: the normal equations of each fold are added up once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from lstm_dynamics_ros.core.errors import TooShortError
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.motion_folds import MotionFold
from lstm_dynamics_ros.learning.columns import columns, Trajectory, usable
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.selection.scoring import (
    forward_score,
    mean_nmse,
    variance_of,
    WORST,
)
from lstm_dynamics_ros.learning.training.linear_start import (
    change_of,
    prepare,
    set_linear,
    solve_linear,
    Sums,
    sums_of,
)
from lstm_dynamics_ros.learning.training.validation import errors_on
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np

RIDGES = (1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4)
"""Regularisations to choose from, beside the squared error of all rows. Forward models, whose
normal equations are of changes from one step to the next, are best far below the last ones."""

WINDOWS = 16
"""Free runs per held-out run that judge a forward model."""

TIE = 1.005
"""A score this many times the best is as good; the strongest regularisation of those is taken."""


class LinearScore(NamedTuple):
    """What a linear model is worth on motions it has not seen."""

    settings: DynamicsSettings
    """With the regularisation that is best."""
    folds: tuple[float, ...]
    """Its score on every fold."""

    @property
    def score(self) -> float:
        """Geometric mean over the folds."""
        return float(np.exp(np.mean(np.log(self.folds))))


def linear_score(
    settings: DynamicsSettings,
    folds: Sequence[MotionFold],
    prior: RigidBodyPrior | None = None,
) -> LinearScore:
    """Return the best regularisation of a linear model, and its score on every fold.

    Normalisation is that of all data; the weights of a fold are solved for without it.

    Args:
        settings: What the linear part sees; no other setting counts.
        folds: Splits that together hold out all data once.
        prior: Rigid-body prior of a model that has one.

    Raises:
        DataError: If the data cannot be used.
        TooShortError: If no run is longer than the delay line.
    """
    parts = [
        [columns(segment, settings) for segment in usable(fold.held_out, settings, prior)]
        for fold in folds
    ]
    whole = [run for part in parts for run in part]
    model = DynamicsModel(settings, folds[0].held_out[0].joint_types)
    history = settings.history_steps
    prepare(
        model,
        whole,
        ridge=1.0,
        history=history,
        dt=settings.dt,
        ripple_limit=settings.ripple_limit,
    )
    sums = [_sums(model, part, history) for part in parts]
    total = _added([item for item in sums if item is not None])
    variance = variance_of(whole)
    ridges = RIDGES[:5] if settings.horizon else RIDGES
    scores = np.array(
        [
            [
                _score(model, total, own, part, settings, ridge, variance)
                for own, part in zip(sums, parts, strict=True)
            ]
            for ridge in ridges
        ]
    )
    means = np.log(scores).mean(axis=1)
    best = max(k for k in range(len(ridges)) if means[k] <= means.min() + np.log(TIE))
    return LinearScore(replace(settings, ridge=ridges[best]), tuple(scores[best].tolist()))


def _sums(model: DynamicsModel, runs: Sequence[Trajectory], history: int) -> Sums | None:
    """Return the normal equations of one fold's held-out runs; None if they are too short."""
    return sums_of(model, runs, [change_of(model, run) for run in runs], history)


def _added(parts: Sequence[Sums]) -> Sums:
    """Return the normal equations of all folds."""
    return Sums(
        np.sum([part.gram for part in parts], axis=0),
        np.sum([part.cross for part in parts], axis=0),
        np.sum([part.squares for part in parts], axis=0),
        sum(part.rows for part in parts),
    )


def _score(
    model: DynamicsModel,
    total: Sums,
    own: Sums | None,
    held_out: Sequence[Trajectory],
    settings: DynamicsSettings,
    ridge: float,
    variance: Vector,
) -> float:
    """Return the score of the linear model of all folds but one on that one."""
    learned = total if own is None else total.without(own)
    try:
        weights = solve_linear(model, learned, ridge, settings.dt)
    except np.linalg.LinAlgError:
        return WORST
    if not settings.horizon:
        if own is None:
            raise TooShortError(0.0, settings.history_steps * settings.dt)
        scale = model.target_std.double().numpy() ** 2
        return min(WORST, max(1e-15, mean_nmse(own.mean_square_error(weights) * scale, variance)))
    set_linear(model, weights, learned.mean_square_error(weights))
    errors = errors_on(model, held_out, settings, per_run=WINDOWS, hold_effort=True)
    return forward_score(errors, variance, settings)
