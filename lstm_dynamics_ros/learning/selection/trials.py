# SPDX-License-Identifier: Apache-2.0
"""The pieces of work of a choice: each depends on what it is given alone, wherever it is done."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
import time
from typing import Any

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.data.grid_cache import read_segments
from lstm_dynamics_ros.data.motion_folds import motion_folds, MotionFold
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, usable
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.selection.linear import linear_score, LinearScore
from lstm_dynamics_ros.learning.selection.scoring import held_out_score, variance_of
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import torch


@dataclass(frozen=True, kw_only=True)
class Data:
    """Where the data are, and how they are split."""

    folder: Path
    """Of :func:`~lstm_dynamics_ros.data.grid_cache.write_segments`."""
    folds: int
    washout_steps: int
    window_steps: int
    seed: int
    prior: RigidBodyPrior | None = None
    """Rigid body of models that have one."""

    def split(self) -> list[MotionFold]:
        """Return the splits, the same in every process."""
        return _split(self.folder, self.folds, self.washout_steps, self.window_steps, self.seed)

    def prior_of(self, settings: DynamicsSettings) -> RigidBodyPrior | None:
        """Return the rigid body, if a model has one."""
        return self.prior if settings.needs_prior else None


@dataclass(frozen=True, kw_only=True)
class LinearTrial:
    """A linear model to be cross-validated."""

    data: Data
    title: str
    settings: DynamicsSettings


@dataclass(frozen=True, kw_only=True)
class TrainingTrial:
    """A network to be trained without the motions of one fold."""

    data: Data
    title: str
    settings: DynamicsSettings
    fold: int
    folder: Path
    """Where its checkpoints are."""


@dataclass(frozen=True, kw_only=True)
class TrialResult:
    """What became of a trial."""

    title: str
    seconds: float
    linear: LinearScore | None = None
    ratio: float = float('nan')
    """Error of a network on its fold, over that of the linear model that it starts from."""
    failed: str = ''
    """Why it has no result."""


def run_linear(trial: LinearTrial) -> TrialResult:
    """Cross-validate a linear model."""
    began = time.perf_counter()
    torch.set_num_threads(1)
    prior = trial.data.prior_of(trial.settings)
    try:
        found = linear_score(trial.settings, trial.data.split(), prior)
    except LstmDynamicsError as error:
        return TrialResult(
            title=trial.title, seconds=time.perf_counter() - began, failed=str(error)
        )
    return TrialResult(title=trial.title, seconds=time.perf_counter() - began, linear=found)


def run_training(trial: TrainingTrial) -> TrialResult:
    """Train a network without one fold, and judge it there beside its linear start."""
    began = time.perf_counter()
    try:
        checkpoint, fold = trained(trial), trial.data.split()[trial.fold]
        prior = trial.data.prior_of(trial.settings)
        held_out, variance = _seen(fold.held_out, trial.settings, prior)
        start = trained(_start_of(trial))
        scores = [
            held_out_score(item.model(), held_out, trial.settings, variance)
            for item in (checkpoint, start)
        ]
    except LstmDynamicsError as error:
        return TrialResult(
            title=trial.title, seconds=time.perf_counter() - began, failed=str(error)
        )
    return TrialResult(
        title=trial.title,
        seconds=time.perf_counter() - began,
        ratio=scores[0] / max(scores[1], 1e-15),
    )


def lost(trial: LinearTrial | TrainingTrial, why: str) -> TrialResult:
    """Return what stands for a trial whose worker died twice."""
    return TrialResult(title=trial.title, seconds=0.0, failed=why)


def trained(trial: TrainingTrial) -> Checkpoint:
    """Return the model of a trial, trained now or before."""
    torch.set_num_threads(1)
    fold = trial.data.split()[trial.fold]
    return train(
        fold.learn_from,
        fold.held_out,
        trial.settings,
        folder=trial.folder / f'fold_{trial.fold}',
        prior=trial.data.prior_of(trial.settings),
    )


def _start_of(trial: TrainingTrial) -> TrainingTrial:
    """Return the linear model that a network starts from, as a trial of its own."""
    settings = replace(trial.settings, cell='none', hidden_size=1, head_size=0)
    return replace(trial, settings=settings, folder=trial.folder / 'linear')


def _seen(
    segments: Sequence[Segment], settings: DynamicsSettings, prior: RigidBodyPrior | None
) -> tuple[list[Any], Any]:
    """Return segments as a model sees them, and the variance of its targets in them."""
    runs = [columns(segment, settings) for segment in usable(segments, settings, prior)]
    return runs, variance_of(runs)


@lru_cache(maxsize=2)
def _split(
    folder: Path, folds: int, washout_steps: int, window_steps: int, seed: int
) -> list[MotionFold]:
    return motion_folds(
        read_segments(folder),
        folds,
        washout_steps=washout_steps,
        window_steps=window_steps,
        seed=seed,
    )
