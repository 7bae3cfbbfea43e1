# SPDX-License-Identifier: Apache-2.0
"""Whether there is data enough for a model of the asked size.

A network with more weights than there are numbers to fit can learn them by heart. Early stopping
then is all that keeps it from doing so, and what it says beyond its data is chance.
"""

from collections.abc import Sequence
from dataclasses import replace

from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.torque_observer.observer import TorqueObserver
from lstm_dynamics_ros.learning.training.model_choice import make_model
import torch


def recurrent_weights(settings: TrainingSettings, joint_types: Sequence[str]) -> int:
    """Return the number of weights of cell and head, which start from chance."""
    with torch.random.fork_rng(devices=[]):  # the weights are drawn, and thrown away
        model = make_model(settings, joint_types)
    if isinstance(model, TorqueObserver):
        return sum(p.numel() for p in model.parameters())
    parts = [model.cell, model.output, model.weigh, model.head]
    return sum(p.numel() for part in parts if part is not None for p in part.parameters())


def check_size(segments: Sequence[Segment], settings: TrainingSettings) -> None:
    """Refuse a model with more recurrent weights than there are measured targets.

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
        smaller = replace(settings, hidden_size=middle)
        low, high = (
            (middle, high) if recurrent_weights(smaller, types) <= numbers else (low, middle)
        )
    fits = (
        f'The largest that fits is hidden_size {low}.'
        if low
        else 'None fits: leave out the head (head_size 0), shorten history_steps, or record more.'
    )
    raise TrainingError(
        f'hidden_size {settings.hidden_size} means {asked} recurrent weights, but the data hold '
        f'only {numbers} numbers to learn ({rows} rows). {fits} To train it all the same, use '
        '--force.'
    )
