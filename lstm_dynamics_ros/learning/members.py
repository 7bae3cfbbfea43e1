# SPDX-License-Identifier: Apache-2.0
"""Training the members of a model, each on its own split of the data."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.data.folds import folds
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.mirror import with_mirror_image
from lstm_dynamics_ros.learning.models.ensemble import AnyModel, Ensemble
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.torque_observer.training import train_open_loop
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.ridge import ridge_of_folds
from lstm_dynamics_ros.learning.training.trainer import train
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior


class Member(NamedTuple):
    """One trained member, and the data it did not see."""

    checkpoint: Checkpoint
    held_out: Sequence[Segment]
    learned: Sequence[Segment] = ()
    """What it learned from."""
    prior: RigidBodyPrior | None = None
    """Rigid-body prior that did not see the held-out data either, to be judged with, if that of
    the model did."""


def train_members(
    segments: Sequence[Segment],
    settings: TrainingSettings,
    *,
    folder: Path,
    init: Checkpoint | str | Path | None = None,
    prior: RigidBodyPrior | None = None,
    progress: Progress | None = None,
) -> list[Member]:
    """Train every member of a model, or go on with a training that was interrupted.

    Args:
        segments: All data, without what is kept for a test.
        settings: What to train, and how; ``members`` says how many.
        folder: Where checkpoints are kept: itself of a lone member, else one folder per member.
        init: Model that every member starts from (fine-tuning).
        prior: Rigid-body prior of a residual model.
        progress: Called after each epoch.

    Raises:
        DataError: If the data cannot be used.
        TooShortError: If no segment holds one window.
        TrainingError: If the folder holds another training, or a loss is not finite.
    """
    splits = folds(
        segments,
        settings.members,
        validation_fraction=settings.validation_fraction,
        washout_steps=settings.burn_in_steps,
        window_steps=settings.sequence_steps,
        seed=settings.seed,
    )
    total = len(splits) * settings.max_epochs
    if len(splits) > 1 and not (settings.ridge or settings.torque_observer or init):
        if progress is not None:
            progress(0, total, 'regularisation of the linear part')
        settings = replace(settings, ridge=ridge_of_folds(splits, settings, prior))
    found = []
    for k, (learn_from, stop_by) in enumerate(splits):

        def told(done: int, _: int, text: str, member: int = k) -> None:
            if progress is not None:
                who = f'member {member + 1} of {len(splits)}, ' if len(splits) > 1 else ''
                progress(member * settings.max_epochs + done, total, who + text)

        own = replace(settings, seed=settings.seed + k)
        where = folder / f'member_{k}' if len(splits) > 1 else folder
        data = with_mirror_image(learn_from, settings.mirror_signs)
        if settings.torque_observer:
            checkpoint = train_open_loop(
                data, stop_by, own, folder=where, init=init, progress=told
            )
        else:
            checkpoint = train(
                data, stop_by, own, folder=where, init=init, prior=prior, progress=told
            )
        found.append(Member(checkpoint, stop_by, learn_from))
    return found


def joined(checkpoints: Sequence[Checkpoint]) -> AnyModel:
    """Return the model of one or more members, ready to predict."""
    if len(checkpoints) == 1:
        return checkpoints[0].model()
    return Ensemble([checkpoint.model() for checkpoint in checkpoints]).eval()


def joined_ranges(checkpoints: Sequence[Checkpoint]) -> dict[str, Range]:
    """Return the training ranges of members as one: what any of them saw is inside."""
    result = dict(checkpoints[0].ranges)
    for checkpoint in checkpoints[1:]:
        for name, item in checkpoint.ranges.items():
            known = result.get(name, item)
            result[name] = Range(
                minimum=min(known.minimum, item.minimum),
                maximum=max(known.maximum, item.maximum),
                mean=known.mean,
                std=known.std,
            )
    return result
