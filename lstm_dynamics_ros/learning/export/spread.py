# SPDX-License-Identifier: Apache-2.0
"""How far the members of an ensemble usually disagree, so that more than that can be told."""

from collections import defaultdict
from collections.abc import Sequence

from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.ensemble import Ensemble, spread
import torch


@torch.no_grad()
def typical_spread(
    model: Ensemble, runs: Sequence[Trajectory], targets: Sequence[str], *, burn_in: int
) -> dict[str, list[float]]:
    """Return the root mean square of the spread over trajectories, by target kind and joint.

    Args:
        model: The ensemble.
        runs: The data its members share.
        targets: Kinds of the targets.
        burn_in: Steps at the start of each trajectory that do not count.
    """
    total, count = torch.zeros(model.n_targets, dtype=torch.float64), 0
    by_length = defaultdict(list)
    for run in runs:
        by_length[len(run.observations)].append(run.observations)
    for alike in by_length.values():
        rows = torch.stack(alike, 1)
        between = spread(model.sequence_each(rows, model.zero_state(len(alike))))[burn_in:]
        total += between.double().square().sum((0, 1))
        count += len(between) * len(alike)
    typical = (total / max(count, 1)).sqrt()
    by_kind = typical.reshape(len(targets), model.n_joints).tolist()
    return dict(zip(targets, by_kind, strict=True))
