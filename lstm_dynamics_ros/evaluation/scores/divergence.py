# SPDX-License-Identifier: Apache-2.0
"""Which free runs left the robot: they have no error figure, large as it may be.

A free run that ends far outside of where the robot has ever been says nothing about the robot. It
is counted, and the figure it belongs to is infinite: a mean over the others would be small for
the wrong reason, and so would be a clipped prediction.
"""

from collections.abc import Sequence
from typing import NamedTuple

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.data.segment import Segment
import numpy as np
from numpy.typing import NDArray

FAR = 1.0
"""How far past the range of the training data is too far, in widths of that range."""


class Diverged(NamedTuple):
    """How many free runs left the robot."""

    runs: int
    of: int

    def text(self) -> str:
        """Return it in words."""
        return f'{self.runs} of {self.of} diverged'


class Reach(NamedTuple):
    """Where positions can be believed, shape (n_joints,) each [rad] or [m]."""

    low: Vector
    high: Vector

    @classmethod
    def of(cls, training: Sequence[Segment], n_joints: int) -> 'Reach':
        """Return the range of training data and :data:`FAR` beyond; without data any position."""
        if not training:
            return cls(np.full(n_joints, -np.inf), np.full(n_joints, np.inf))
        rows = np.concatenate([segment.position for segment in training])
        low, high = np.nanmin(rows, axis=0), np.nanmax(rows, axis=0)
        margin = FAR * (high - low)
        return cls(low - margin, high + margin)

    def diverged(self, runs: Sequence[NDArray[np.float64]]) -> Diverged:
        """Count the runs with a position that is not finite or out of reach.

        Args:
            runs: Predicted positions, each shape (n_steps, n_joints).
        """
        lost = [not np.all((run >= self.low) & (run <= self.high)) for run in runs]
        return Diverged(sum(lost), len(lost))
