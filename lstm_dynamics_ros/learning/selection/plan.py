# SPDX-License-Identifier: Apache-2.0
"""How a time budget is spent: turned once, from a short timing, into a fixed number of updates.

What follows depends on the plan alone, not on how fast the machine is afterwards: the same plan on
the same data gives the same choice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

CELLS_TRIED = ('gru', 'lstm', 'memoryless')
"""Networks that are compared; the last one has no memory and shows what memory is worth."""

EPOCHS = 8
"""Validations of each training."""

FEWEST_UPDATES, MOST_UPDATES = 40, 1000
"""Updates of one training: fewer are no training, and more have not helped."""

SPENT = 0.8
"""Share of the budget that trainings may take; the rest is for reading, checking and exporting."""

SIZES = ((20_000, 16), (200_000, 32))
"""Rows of data below which networks have so many hidden units; else :data:`LARGEST`."""

LARGEST = 64
"""Hidden units where there are the most data."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is trained, for how long. Written by `train`, repeated by ``--plan``."""

    budget: float
    """Time that was given [min]."""
    workers: int
    """Processes that share the work."""
    folds: int
    """Splits of the motions, and members of a network that is chosen."""
    trial_folds: int
    """Splits on which the networks are compared; the farthest motion is held out in the first."""
    cells: tuple[str, ...]
    """Networks that are compared."""
    hidden_size: int
    head_size: int
    burn_in_steps: int
    window_steps: int
    updates_per_epoch: int
    epochs: int
    seed: int


class Cost(NamedTuple):
    """What the training of a network takes on one processor."""

    fixed: float
    """To begin with and for validations [s]."""
    update: float
    """For every update [s]."""


def updates_within(
    seconds: float, costs: Mapping[str, Cost], plan: Plan
) -> tuple[tuple[str, ...], int]:
    """Return which networks can be compared in a time, and with how many updates each.

    Where the time is too short for all, the slowest is left out, as long as there is another. What
    is left is trained for :data:`FEWEST_UPDATES` even if that takes longer.

    Args:
        seconds: Time of all processors together [s].
        costs: What a training takes, by cell.
        plan: How many trainings there are.
    """
    cells = [cell for cell in plan.cells if cell in costs]
    while True:
        slowest = max(cells, key=lambda cell: costs[cell].update)
        trainings = [costs[cell] for cell in cells] * plan.trial_folds
        trainings += [costs[slowest]] * (plan.folds - plan.trial_folds)
        left = seconds - sum(cost.fixed for cost in trainings)
        updates = int(left / sum(cost.update for cost in trainings))
        if updates >= FEWEST_UPDATES or len(cells) == 1:
            return tuple(cells), min(MOST_UPDATES, max(FEWEST_UPDATES, updates))
        cells.remove(slowest)


def size_for(rows: int) -> int:
    """Return the number of hidden units for so many rows of data."""
    return next((size for most, size in SIZES if rows < most), LARGEST)
