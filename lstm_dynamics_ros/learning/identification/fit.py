# SPDX-License-Identifier: Apache-2.0
"""One fit of a robot's unknowns: noise weights, strength and smoothing by held-out parts."""

from collections.abc import Sequence, Set
from dataclasses import replace
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.identification.least_squares import (
    Reduced,
    reduced,
    solve,
    solve_feasible,
)
from lstm_dynamics_ros.learning.identification.parameter_vector import Layout
from lstm_dynamics_ros.learning.identification.regressor import Equations
import numpy as np
from numpy.typing import NDArray

GAP = 0.5
"""Time left out beside a held-out block, over which neighbours know of each other [s]."""

FEWEST_TRAJECTORIES = 4
"""With fewer of them contiguous blocks are held out."""

Labels = list[NDArray[np.int64]]
"""Number of the fold of every row, one array per stretch."""


def fold_labels(made: Sequence[Equations], folds: int) -> Labels:
    """Return which fold every row belongs to.

    Trajectories are dealt out whole; if there are few, all rows are cut into contiguous blocks of
    equal length instead.

    Args:
        made: Equations of every stretch.
        folds: How many folds; no more than there are trajectories if these are dealt out.
    """
    names = list(dict.fromkeys(item.name for item in made))
    if len(names) >= FEWEST_TRAJECTORIES:
        return [np.full(len(item), names.index(item.name) % folds) for item in made]
    total = sum(len(item) for item in made)
    labels, before = [], 0
    for item in made:
        labels.append((before + np.arange(len(item))) * folds // total)
        before += len(item)
    return labels


def apart(made: Sequence[Equations], labels: Labels, held: Set[int]) -> list[NDArray[np.bool_]]:
    """Return which rows may be learned from when some folds are held out.

    Args:
        made: Equations of every stretch.
        labels: Fold of every row.
        held: Folds that are held out.
    """
    result = []
    for item, label in zip(made, labels, strict=True):
        inside = np.isin(label, list(held))
        free = ~inside
        if inside.any() and free.any():
            edges = item.time[inside]
            near = np.searchsorted(edges, item.time)
            before = item.time - edges[np.maximum(near - 1, 0)]
            after = edges[np.minimum(near, len(edges) - 1)] - item.time
            free &= ~((np.abs(before) < GAP) | (np.abs(after) < GAP))
        result.append(free)
    return result


STRENGTHS = (1e-2, 1e-1, 1.0, 1e1, 1e2, 1e3, 1e4)
"""How strongly parameters may be drawn to nominal: they scatter about it by 1/sqrt of this."""

WEAKEST = 1e-6
"""Strength with which the noise is measured: next to none, so that it does not depend on it."""

QUIETEST = 1e-3
"""No joint counts as less noisy than this share of its effort, however exact its fit."""

HARDLY_WORSE = 1.05
"""A square error this many times the best is hardly worse."""

TINY = 1e-12
"""Keeps a joint without effort in a part of the data from weighing for ever."""

Rows = Sequence[NDArray[np.bool_]]
"""Which rows of every stretch are used."""


class Fit(NamedTuple):
    """What came out of a fit."""

    values: Vector
    """All unknowns, shape (n_columns,)."""
    choice: int
    """Which smooth sign was best."""
    strength: float
    """How strongly parameters were drawn to nominal."""
    noise: Vector
    """Standard deviation of the error of every joint [N m] or [N], shape (n_joints,)."""
    rows: Reduced
    """The weighted rows, in the columns that are free."""


def fit(
    candidates: Sequence[Sequence[Equations]],
    plan: Layout,
    labels: Labels,
    *,
    without: frozenset[int] = frozenset(),
    strengths: Sequence[float] = STRENGTHS,
    feasible: bool = True,
) -> Fit:
    """Fit the unknowns; what the data cannot tell is chosen by blocks held out of them.

    Every joint is weighted by the deviation of its own error, as of two least squares one after
    the other.

    Source: M. Gautier and P. Poignet, "Extended Kalman filtering and weighted least squares
    dynamic identification of robot", Control Engineering Practice 9(12), 2001 (weights).

    Args:
        candidates: Equations of every stretch, for every smooth sign.
        plan: The unknowns.
        labels: Fold of every row.
        without: Folds that must not be looked at.
        strengths: Strengths to choose from.
        feasible: Whether links must be bodies that can be; the choices are made without.

    Raises:
        DataError: If no row is left.
        MissingLibraryError: If scipy is not installed.
    """
    usable = apart(candidates[0], labels, without)
    noise = _noise(candidates[0], plan, usable)
    choice, strength = 0, strengths[0]
    if len(candidates) * len(strengths) > 1:
        inner = frozenset(int(k) for label in labels for k in label) - without
        costs = [
            _costs(candidates, plan, labels, without | {k}, k, strengths, noise) for k in inner
        ]
        choice, at = choose(np.array([cost for cost in costs if cost is not None]))
        strength = strengths[at]
    made = candidates[choice]
    noise = _noise(made, plan, usable)
    rows = weighted(made, plan, usable, noise)
    values = solution(rows, plan, strength, feasible=feasible)
    return Fit(values, choice, strength, noise, rows)


def weighted(made: Sequence[Equations], plan: Layout, kept: Rows, noise: Vector) -> Reduced:
    """Return rows over their deviation, in the free columns, less what the others explain."""
    fixed = np.where(plan.free, 0.0, plan.nominal)
    return reduced(
        (matrix[:, plan.free] / noise[j], (target - matrix @ fixed) / noise[j])
        for item, rows in zip(made, kept, strict=True)
        for j in range(plan.n_joints)
        for matrix, target in [plan.rows(item, j, rows)]
    )


def solution(rows: Reduced, plan: Layout, strength: float, *, feasible: bool = False) -> Vector:
    """Return all unknowns for one strength; those that are not free stay nominal."""
    values = plan.nominal.copy()
    free = plan.free
    known = (rows, plan.nominal[free], plan.size[free], plan.lower[free], strength)
    if feasible and free[0]:
        values[free] = solve_feasible(*known, plan.n_joints)
    else:
        values[free] = solve(*known)
    return values


def mean_square(made: Sequence[Equations], plan: Layout, values: Vector, kept: Rows) -> Vector:
    """Return the mean square error of every joint over some rows [(N m)^2], (n_joints,)."""
    left: list[Matrix] = [
        item.effort[rows] - plan.torque(item, values)[rows]
        for item, rows in zip(made, kept, strict=True)
        if rows.any()
    ]
    result: Vector = np.mean(np.concatenate(left) ** 2, axis=0)
    return result


def _noise(made: Sequence[Equations], plan: Layout, kept: Rows) -> Vector:
    """Return the deviation of the error of every joint, from a free fit weighted by its effort."""
    effort = [item.effort[rows] for item, rows in zip(made, kept, strict=True)]
    size = np.maximum(np.sqrt(np.mean(np.concatenate(effort) ** 2, axis=0)), TINY)
    free = replace(plan, lower=np.full_like(plan.lower, -np.inf))
    values = solution(weighted(made, plan, kept, size), free, WEAKEST)
    left = np.sqrt(mean_square(made, plan, values, kept))
    rows = sum(int(part.sum()) for part in kept)
    used = min(int(plan.free.sum()) / plan.n_joints, 0.5 * rows)  # degrees of freedom per joint
    result: Vector = np.maximum(left * np.sqrt(rows / (rows - used)), QUIETEST * size)
    return result


def choose(costs: Matrix) -> tuple[int, int]:
    """Return the option to take: of the best smooth sign the strongest that is hardly worse.

    What held-out parts do not tell apart is decided for the robot file.

    Args:
        costs: Error of every held-out part, shape (n_parts, n_signs, n_strengths), strengths in
            rising order.
    """
    mean = costs.mean(axis=0)
    sign, _ = np.unravel_index(np.argmin(mean), mean.shape)
    hardly = mean[sign] <= HARDLY_WORSE * mean[sign].min()
    return int(sign), int(np.flatnonzero(hardly).max())


def _costs(
    candidates: Sequence[Sequence[Equations]],
    plan: Layout,
    labels: Labels,
    held_out: frozenset[int],
    fold: int,
    strengths: Sequence[float],
    noise: Vector,
) -> Matrix | None:
    """Return the error of one part, each joint in units of its noise, (n_signs, n_strengths).

    None if nothing is left to learn from.
    """
    held = [label == fold for label in labels]
    costs = np.empty((len(candidates), len(strengths)))
    for made, row in zip(candidates, costs, strict=True):
        kept = apart(made, labels, held_out)
        if not any(rows.any() for rows in kept):
            return None
        block = weighted(made, plan, kept, noise)
        for s, strength in enumerate(strengths):
            error = mean_square(made, plan, solution(block, plan, strength), held)
            row[s] = np.mean(error / noise**2)
    return costs
