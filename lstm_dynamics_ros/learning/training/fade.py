# SPDX-License-Identifier: Apache-2.0
"""The range of what the cell sees in the training data, and what matters of it, for fading.

See :mod:`lstm_dynamics_ros.learning.models.fading`.
"""

from collections.abc import Sequence

from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.models.fading import Fading
import torch
from torch import Tensor

WINDOWS, STEPS = 64, 60
"""Windows, spread over the training data, in which it is asked what matters; their length."""

_CHUNK = 8192
"""Rows that are looked at together."""


@torch.no_grad()
def learn_range(
    model: DynamicsModel, fading: Fading, runs: Sequence[Trajectory], *, fresh: bool
) -> None:
    """Set the range of what the cell sees, or widen that of a model that was trained before.

    Args:
        model: A model whose linear part is solved for.
        fading: Its part that is changed.
        runs: Training data.
        fresh: Whether the model has no range yet.
    """
    low, high = torch.full_like(fading.low, torch.inf), torch.full_like(fading.low, -torch.inf)
    rows, total, squares = 0, torch.zeros(()).double(), torch.zeros(()).double()
    past = 0 if model.line is None else model.line.history
    for run in runs:
        for start in range(0, len(run.observations), _CHUNK):
            first = max(0, start - past)
            whole = model.seen(run.observations[first : start + _CHUNK].unsqueeze(1))
            seen = whole[start - first :, 0]
            low, high = low.minimum(seen.amin(0)), high.maximum(seen.amax(0))
            rows, total = rows + len(seen), total + seen.double().sum(0)
            squares = squares + seen.double().square().sum(0)
    if fresh:
        fading.std.copy_((squares / rows - (total / rows).square()).clamp_min(0).sqrt())
    fading.low.copy_(low if fresh else low.minimum(fading.low))
    fading.high.copy_(high if fresh else high.maximum(fading.high))


def learn_matter(
    model: DynamicsModel, fading: Fading, observations: Tensor, strength: float
) -> None:
    """Set what matters to the rest as it is now.

    Args:
        model: The model.
        fading: Its part that is changed.
        observations: Windows of the training data, shape (STEPS, N, F).
        strength: How fast the rest fades.
    """
    matter = model.sensitivity(observations)
    usual = (matter * fading.std).square().sum(1, keepdim=True).sqrt()
    fading.slope.copy_(strength * matter / usual.clamp_min(1e-12))
