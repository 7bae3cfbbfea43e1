# SPDX-License-Identifier: Apache-2.0
"""Which of two models of the same form is better on the same held-out data."""

from collections.abc import Sequence

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns, usable
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.validation import errors_on
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import torch


@torch.no_grad()
def error_ratio(
    new: Checkpoint,
    old: Checkpoint,
    segments: Sequence[Segment],
    prior: RigidBodyPrior | None = None,
) -> float:
    """Return the mean squared one-step error of a model over that of another.

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
