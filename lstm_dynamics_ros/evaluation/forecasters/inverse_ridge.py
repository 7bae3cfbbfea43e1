# SPDX-License-Identifier: Apache-2.0
"""The linear baseline of inverse models: ridge regression on a window of motion.

Features of row t: [sin q, cos q, dq] of the last n rows (q itself for prismatic joints), and
tanh(20 dq) of row t for Coulomb friction.
"""

from collections.abc import Iterator, Sequence

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.normal_equations import normal_of, scaling_of, solve
import numpy as np

ORDER = 20
"""Rows in the window."""

STRENGTH = 1e-6
"""Ridge penalty relative to the number of rows."""

FRICTION_SHARPNESS = 20.0
"""Slope of tanh at rest [s/rad] or [s/m]."""


class RidgeInverse:
    """Effort as a linear function of the motion just made.

    Args:
        weights: Shape (n_features, n_joints).
        offset: Shape (n_joints,).
    """

    def __init__(self, weights: Matrix, offset: Vector) -> None:
        self._weights = weights
        self._offset = offset

    @classmethod
    def fit(cls, segments: Sequence[Segment], *, strength: float = STRENGTH) -> 'RidgeInverse':
        """Fit to the effort measured in segments.

        Args:
            segments: Training data.
            strength: Ridge penalty relative to the number of rows.

        Raises:
            DataError: If there is no row with position, velocity and effort.
        """

        def chunks() -> Iterator[tuple[Matrix, Matrix]]:
            for segment in segments:
                x = motion_features(segment)
                finite = np.isfinite(x).all(axis=1) & np.isfinite(segment.effort).all(axis=1)
                if finite.any():
                    yield x[finite], segment.effort[finite]

        scaling = scaling_of(chunks)
        solution = None
        if scaling is not None:
            solution = solve(normal_of(chunks, scaling), scaling, strength)
        if solution is None:
            raise DataError('The inverse ridge needs rows with position, velocity and effort.')
        return cls(*solution)

    def predict(self, segment: Segment) -> Matrix:
        """Return the effort of every row, shape (n, n_joints)."""
        return motion_features(segment) @ self._weights + self._offset


def motion_features(segment: Segment) -> Matrix:
    """Return the features of every row; before the start the first row is repeated."""
    turning = np.asarray([kind != 'prismatic' for kind in segment.joint_types])
    q, dq = segment.position, segment.velocity
    rows = np.hstack([np.sin(q[:, turning]), np.cos(q[:, turning]), q[:, ~turning], dq])
    padded = np.vstack([np.repeat(rows[:1], ORDER - 1, axis=0), rows])
    window = [padded[k : k + len(rows)] for k in range(ORDER)]
    return np.hstack([*window, np.tanh(FRICTION_SHARPNESS * dq)])
