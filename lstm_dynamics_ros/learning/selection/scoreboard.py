# SPDX-License-Identifier: Apache-2.0
"""What was tried, and what each candidate scored."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
import math

from lstm_dynamics_ros.learning.selection.trials import TrialResult
import numpy as np

LINEAR = 'linear, '
"""How titles of linear models begin."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """What one candidate scored."""

    title: str
    score: float
    """Error on held-out motions: for an inverse model the mean nMSE over joints, for a forward one
    the geometric mean of those of positions and velocities at 1, 10 and 50 steps; geometric mean
    over the splits."""
    far: float
    """The same on the farthest motion alone; NaN if there is one motion only."""
    seconds: float
    chosen: bool = False
    failed: str = ''


class Scoreboard:
    """The rows, in the order in which they were tried.

    Args:
        has_far: Whether the first split holds out the farthest motion.
    """

    def __init__(self, *, has_far: bool) -> None:
        self.has_far = has_far
        self.rows: list[Row] = []

    def enter(
        self, title: str, folds: Sequence[float], result: TrialResult, score: float | None = None
    ) -> None:
        """Add a row.

        Args:
            title: Name of the candidate.
            folds: Its error on the first splits, or on all; empty if it failed.
            result: Time, and why it failed.
            score: Its error on all splits; without, the mean of ``folds``.
        """
        self.rows.append(
            Row(
                title=title,
                score=geometric_mean(folds) if score is None else score,
                far=folds[0] if folds and self.has_far else math.nan,
                seconds=result.seconds,
                failed=result.failed,
            )
        )

    def choose(self, title: str, score: float | None = None) -> None:
        """Mark the row of what is chosen, and give it its final score."""
        self.rows = [
            replace(row, chosen=True, score=row.score if score is None else score)
            if row.title == title
            else row
            for row in self.rows
        ]


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean; NaN of no value, or if one is missing."""
    return float(np.exp(np.mean(np.log(values)))) if values else math.nan
