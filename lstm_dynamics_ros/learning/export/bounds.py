# SPDX-License-Identifier: Apache-2.0
"""How wide bounds of single moments must be: pooled quantiles, and what new motions add to them.

Scores are pooled over blocks, each block counting alike. Source: R. Dunn, L. Wasserman, A. Ramdas,
"Distribution-free prediction sets for two-layer hierarchical models", J. American Statistical
Association 118, 2023 (pooling of CDFs).

Blocks of one trajectory are more alike than those of two, so the pooled quantile of a few
trajectories is too narrow for the next. By how much they tell themselves: bounds of all but one of
them are held against the one left out, in turn. Source of the idea: V. Vovk, "Cross-conformal
predictors", Annals of Mathematics and Artificial Intelligence 74, 2015.

How much the bounds follow novelty is found in the same way: the weights whose bounds fit the
trajectories left out best, by the pinball loss of the logarithms of errors, which asks for the
same quantile and counts small errors like large ones (R. Koenker, G. Bassett, "Regression
quantiles", Econometrica 46, 1978). Of weights that are as good within one standard error of the
comparison the smallest are taken, as of trees (L. Breiman et al., "Classification and regression
trees", 1984, ch. 3): members that share most of what they saw agree too much.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
import math

from lstm_dynamics_ros.learning.columns import Trajectory
from lstm_dynamics_ros.learning.models.ensemble import Ensemble, spread
import torch
from torch import Tensor

DISAGREEMENT = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97)
"""Weights of disagreement to choose from: what is left of 1 are errors that it does not see."""

OUTSIDE = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Weights of features outside their ranges to choose from."""

ALIKE = 0.005
"""Share by which the loss of weights may be larger than the best and they still be as good."""

_MOST_GROUPS = 10  # that are left out in turn
_MOST_ROWS = 4000  # moments that weights are chosen by
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


def growth(excess: Tensor, weights: tuple[float, float]) -> Tensor:
    """Return how many times as wide novelty makes bounds, shape (..., 2, n) to (..., n).

    As :meth:`~lstm_dynamics_ros.runtime.bounds.StaticBounds.growth` does.
    """
    return (1 + weights[0] * excess[..., 0, :] + weights[1] * excess[..., 1, :]).sqrt()


def novelty_weights(
    scores: Tensor, excess: Tensor, names: Sequence[str], miss_rate: float
) -> tuple[float, float]:
    """Return by how much bounds must follow novelty to fit trajectories they are not made of.

    Args:
        scores: Absolute errors, shape (moments, m, n).
        excess: Both signs of novelty, shape (moments, m, 2, n).
        names: Name of the trajectory of every block, shape (m,).
        miss_rate: Share of moments that may lie outside.

    Returns:
        Weights of disagreement and of features outside their ranges; 0 for fewer than two
        trajectories.
    """
    number = {name: i % _MOST_GROUPS for i, name in enumerate(dict.fromkeys(names))}
    of_block, count = torch.tensor([number[name] for name in names]), len(set(number.values()))
    stride = max(1, scores.shape[0] * scores.shape[1] // _MOST_ROWS)
    errs = (scores > _SMALLEST).flatten(0, 1).any(0)
    scores, excess = scores[::stride][..., errs], excess[::stride][..., errs]
    if count < 2 or not errs.any():
        return 0.0, 0.0
    sizes, losses = scores.clamp_min(_SMALLEST).log(), {}
    for pair in product(DISAGREEMENT, OUTSIDE):
        units = sizes - growth(excess, pair).log()
        parts = []
        for group in range(count):
            others = units[:, of_block != group].flatten(0, 1)
            bound = others.kthvalue(math.ceil(len(others) * (1 - miss_rate)), 0).values
            beyond = units[:, of_block == group] - bound
            parts.append(torch.maximum((1 - miss_rate) * beyond, -miss_rate * beyond).mean())
        losses[pair] = torch.stack(parts)
    best = min(losses.values(), key=lambda loss: float(loss.mean()))
    worse = {pair: loss - best for pair, loss in losses.items()}
    spare = ALIKE * best.mean()
    alike = [p for p, d in worse.items() if d.mean() <= max(d.std() / math.sqrt(count), spare)]
    return min(alike, key=sum)


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
