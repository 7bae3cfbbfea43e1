# SPDX-License-Identifier: Apache-2.0
"""Training the members of a model of any family, each on its own split of the data."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.data.split import folds
from lstm_dynamics_ros.learning.derived_segments import with_mirror_image
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.base import build_model, Model
from lstm_dynamics_ros.learning.models.ensemble import Ensemble
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.learning.training.ridge import ridge_of_folds
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import torch


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
    progress: Progress = no_progress,
) -> list[Member]:
    """Train every member of a model, or go on with a training that was interrupted.

    Args:
        segments: All data, without what is kept for a test.
        settings: What to train, and how; ``members`` is how many.
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
    if isinstance(settings, DynamicsSettings) and len(splits) > 1 and not (settings.ridge or init):
        progress(0, total, 'regularisation of the linear part')
        settings = replace(settings, ridge=ridge_of_folds(splits, settings, prior))
    found = []
    for k, (learn_from, stop_by) in enumerate(splits):

        def on_progress(done: int, _: int, text: str, member: int = k) -> None:
            who = f'member {member + 1} of {len(splits)}, ' if len(splits) > 1 else ''
            progress(member * settings.max_epochs + done, total, who + text)

        own = replace(settings, seed=settings.seed + k)
        where = folder / f'member_{k}' if len(splits) > 1 else folder
        data = with_mirror_image(learn_from, settings.mirror_signs)
        checkpoint = train(
            data, stop_by, own, folder=where, init=init, prior=prior, progress=on_progress
        )
        found.append(Member(checkpoint, stop_by, learn_from))
    return found


def recurrent_weights(settings: TrainingSettings, joint_types: Sequence[str]) -> int:
    """Return the number of weights that start from chance, of a model of any family."""
    with torch.random.fork_rng(devices=[]):  # the weights are drawn, and thrown away
        return build_model(settings, joint_types).learned_weights()


def check_size(segments: Sequence[Segment], settings: TrainingSettings) -> None:
    """Refuse a model with more recurrent weights than there are measured targets.

    A network with more weights than there are numbers to fit can learn them by heart. Early
    stopping then is all that keeps it from doing so, and its predictions beyond its data are
    chance.

    Args:
        segments: All training data.
        settings: What is asked for.

    Raises:
        TrainingError: Naming the largest ``hidden_size`` that fits.
    """
    types = segments[0].joint_types
    rows = sum(len(segment) for segment in segments)
    numbers = rows * len(types) * len(settings.targets)
    asked = recurrent_weights(settings, types)
    if asked <= numbers:
        return
    low, high = 0, settings.hidden_size
    while high - low > 1:  # low fits (0: nothing does), high does not
        middle = (low + high) // 2
        fits = recurrent_weights(replace(settings, hidden_size=middle), types) <= numbers
        low, high = (middle, high) if fits else (low, middle)
    way_out = (
        f'The largest that fits is hidden_size {low}.'
        if low
        else 'None fits: leave out the head (head_size 0), shorten history_steps, or record more.'
    )
    raise TrainingError(
        f'hidden_size {settings.hidden_size} means {asked} recurrent weights, but the data hold '
        f'only {numbers} numbers to learn ({rows} rows). {way_out} To train it all the same, use '
        '--force.'
    )


def joined(checkpoints: Sequence[Checkpoint]) -> Model:
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
