# SPDX-License-Identifier: Apache-2.0
"""One number for how good a model is on motions that it has not seen."""

from collections.abc import Sequence

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.base import Model
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.losses import Scale
from lstm_dynamics_ros.learning.training.validation import errors_on
import numpy as np
import torch

HORIZONS = (1, 10, 50)
"""Horizons whose errors count, of forward models [steps]."""

STILL_VARIANCE = 1e-12
"""Variance below which a target counts as constant, and does not count [unit^2]."""

WORST = 1e6
"""Normalised error at which a free run counts as diverged; none counts as more."""


def variance_of(runs: Sequence[Trajectory]) -> Vector:
    """Return the variance of every target over all data, shape (n_targets,)."""
    return np.asarray(torch.cat([run.targets for run in runs]).double().var(0).numpy())


def mean_nmse(squares: Vector, variance: Vector) -> float:
    """Return the mean over targets that move of squared error over variance."""
    moves = variance > STILL_VARIANCE
    if not moves.any():
        return 1.0
    return float(np.mean(squares[moves] / variance[moves]))


def forward_score(errors: Scale, variance: Vector, settings: TrainingSettings) -> float:
    """Return the geometric mean of the nMSE of positions and velocities at several horizons.

    With measured and with predicted effort in the free run alike; each nMSE is a mean over joints.

    Args:
        errors: From :func:`.errors_on`.
        variance: From :func:`variance_of`.
        settings: Says what the targets are.
    """
    found = []
    joints = len(variance) // len(settings.targets)
    free = errors.free.double().mean(0).nan_to_num(torch.inf).numpy()  # (2, K, D)
    for step in sorted({min(h, settings.horizon) for h in HORIZONS}):
        for mode in free[:, step - 1]:
            for k, kind in enumerate(settings.targets):
                where = slice(k * joints, (k + 1) * joints)
                if kind != 'effort':
                    found.append(mean_nmse(mode[where], variance[where]))
    return float(np.exp(np.mean(np.log(np.clip(found, 1e-15, WORST)))))


def held_out_score(
    model: Model, runs: Sequence[Trajectory], settings: TrainingSettings, variance: Vector
) -> float:
    """Return the error of a model on runs that it did not see, 0 for none, 1 for a constant.

    Args:
        model: The model.
        runs: Motions that it did not see.
        settings: What it is.
        variance: Of the targets over all data.

    Raises:
        TooShortError: If no run holds a window.
    """
    errors = errors_on(model, runs, settings, hold_effort=True)
    if settings.horizon:
        return forward_score(errors, variance, settings)
    squares = errors.one_step.double().mean(0).nan_to_num(torch.inf).numpy()
    return min(WORST, mean_nmse(squares, variance))
