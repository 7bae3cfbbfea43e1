# SPDX-License-Identifier: Apache-2.0
"""How wide bounds of single moments must be: pooled quantiles, and what new motions add to them.

Scores are pooled over blocks, each block counting alike. Source: R. Dunn, L. Wasserman, A. Ramdas,
"Distribution-free prediction sets for two-layer hierarchical models", J. American Statistical
Association 118, 2023 (pooling of CDFs).

Blocks of one trajectory are more alike than those of two, so the pooled quantile of a few
trajectories is too narrow for the next. By how much they tell themselves: bounds of all but one of
them are held against the one left out, in turn. Source of the idea: V. Vovk, "Cross-conformal
predictors", Annals of Mathematics and Artificial Intelligence 74, 2015.
"""

from collections import defaultdict
from collections.abc import Sequence
import math

from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.ensemble import Ensemble, spread
import torch
from torch import Tensor

_SMALLEST = 1e-12  # half-width that others are divided by, in the target's unit


def pooled_quantile(scores: Tensor, miss_rate: float) -> Tensor | None:
    """Return the half-width that single scores stay within, shape (moments, m, n) to (n,).

    The quantile of the pooled scores of m blocks of the same length at the level
    ``(1 - miss_rate) (1 + 1 / m)``; None when m is too small for it.

    Args:
        scores: Absolute errors of all moments of m blocks.
        miss_rate: Share of moments that may lie outside.
    """
    moments, blocks = scores.shape[:2]
    level = (1 - miss_rate) * (1 + 1 / blocks)
    if level > 1:
        return None
    rank = math.ceil(moments * blocks * level - 1e-9)
    return scores.flatten(0, 1).sort(0).values[rank - 1]


def widening(scores: Tensor, groups: Sequence[int], miss_rate: float) -> float:
    """Return by how much bounds of all groups but one must grow to hold for that one.

    The quantile of the scores of every group in units of the bounds of the others, groups and
    columns counting alike; at least 1, so that bounds never shrink. 1 for a single group, or if
    the others are too few for bounds.

    Args:
        scores: Absolute errors, shape (moments, m, n).
        groups: Number of the group of every block, shape (m,).
        miss_rate: Share of moments that may lie outside.
    """
    of_block = torch.tensor(groups)
    shares: list[Tensor] = []
    for group in sorted(set(groups)):
        inside = of_block == group
        bound = None if inside.all() else pooled_quantile(scores[:, ~inside], miss_rate)
        if bound is None:
            return 1.0
        shares.append((scores[:, inside] / bound.clamp_min(_SMALLEST)).flatten())
    weights = torch.cat([torch.full_like(share, 1 / len(share)) for share in shares])
    values, order = torch.cat(shares).sort()
    reached = weights[order].double().cumsum(0) / len(shares)
    first = int(torch.searchsorted(reached, 1 - miss_rate - 1e-9))
    return max(1.0, float(values[min(first, len(values) - 1)]))


@torch.no_grad()
def typical_spread(
    model: Ensemble, runs: Sequence[Trajectory], targets: Sequence[str], *, burn_in: int
) -> dict[str, list[float]]:
    """Return how far the members of an ensemble usually disagree, by target kind and joint.

    The root mean square of their spread over trajectories, so that more than that is noticed.

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
