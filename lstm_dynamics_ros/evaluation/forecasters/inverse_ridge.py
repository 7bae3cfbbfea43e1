# SPDX-License-Identifier: Apache-2.0
"""The linear baseline of inverse models: ridge regression on a window of motion.

Features of row t: [sin q, cos q, dq] of the last n rows (q itself for prismatic joints), and
tanh(20 dq) of row t for Coulomb friction. Window and ridge are those with the least error on
motions that were left out, which the sums of each part of the data give in closed form.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import Any

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.normal_equations import (
    Columns,
    Normal,
    normal_of,
    scaling_of,
    solve,
)
from lstm_dynamics_ros.evaluation.forecasters.parts import parts_of
from lstm_dynamics_ros.evaluation.metrics import STILL_VARIANCE
import numpy as np

ORDERS = (1, 5, 10, 20, 40)
"""Rows in the windows that are tried."""

STRENGTHS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
"""Ridge penalties that are tried, relative to the number of rows."""

CHOOSING_ROWS = 30_000
"""Rows that choose, about: longer data is thinned."""

FRICTION_SHARPNESS = 20.0
"""Slope of tanh at rest [s/rad] or [s/m]."""


class RidgeInverse:
    """Effort as a linear function of the motion just made.

    Args:
        weights: Shape (n_features, n_joints).
        offset: Shape (n_joints,).
        order: Rows in the window.
        strength: Ridge penalty relative to the number of rows.
    """

    def __init__(self, weights: Matrix, offset: Vector, order: int, strength: float) -> None:
        self._weights = weights
        self._offset = offset
        self.order = order
        self.strength = strength

    @classmethod
    def fit(
        cls,
        segments: Sequence[Segment],
        *,
        orders: Sequence[int] = ORDERS,
        strengths: Sequence[float] = STRENGTHS,
    ) -> 'RidgeInverse':
        """Fit to the effort measured in segments.

        Args:
            segments: Training data.
            orders: Rows in the window to try.
            strengths: Ridge penalties to try.

        Raises:
            DataError: If there is no row with position, velocity and effort.
        """
        order, strength = _chosen(segments, orders, strengths)
        scaling = scaling_of(lambda: _chunks(segments, order))
        fit = None
        if scaling is not None:
            fit = solve(normal_of(lambda: _chunks(segments, order), scaling), strength)
        if scaling is None or fit is None:
            raise DataError('The inverse ridge needs rows with position, velocity and effort.')
        return cls(*fit.unscaled(scaling), order, strength)

    @property
    def chosen(self) -> Mapping[str, Any]:
        """What was chosen when it was fitted, by name."""
        return {'order': self.order, 'strength': self.strength}

    def predict(self, segment: Segment) -> Matrix:
        """Return the effort of every row, shape (n, n_joints)."""
        return motion_features(segment, self.order) @ self._weights + self._offset


def motion_features(segment: Segment, order: int) -> Matrix:
    """Return the features of every row; before the start the first row is repeated."""
    turning = np.asarray([kind != 'prismatic' for kind in segment.joint_types])
    q, dq = segment.position, segment.velocity
    rows = np.hstack([np.sin(q[:, turning]), np.cos(q[:, turning]), q[:, ~turning], dq])
    padded = np.vstack([np.repeat(rows[:1], order - 1, axis=0), rows])
    window = [padded[k : k + len(rows)] for k in range(order)]
    return np.hstack([*window, np.tanh(FRICTION_SHARPNESS * dq)])


def _chunks(
    segments: Sequence[Segment], order: int, every: int = 1
) -> Iterator[tuple[Matrix, Matrix]]:
    """Yield features and effort of each segment's finite rows, thinned."""
    for segment in segments:
        x, y = motion_features(segment, order)[::every], segment.effort[::every]
        finite = np.isfinite(x).all(axis=1) & np.isfinite(y).all(axis=1)
        if finite.any():
            yield x[finite], y[finite]


def _columns(order: int, largest: int, n_features: int, n_joints: int) -> Columns:
    """Return the columns of a window among those of the largest: its newest rows, and friction."""
    row = (n_features - n_joints) // largest
    return np.arange((largest - order) * row, n_features)


def _chosen(
    segments: Sequence[Segment], orders: Sequence[int], strengths: Sequence[float]
) -> tuple[int, float]:
    """Return the window and ridge with the least nMSE, mean of joints, on parts left out.

    The middle ones where the data is too short to leave any out.
    """
    usual = orders[len(orders) // 2], strengths[len(strengths) // 2]
    if len(orders) == len(strengths) == 1 or not segments:
        return usual
    largest = max(orders)
    every = 1 + sum(len(segment) for segment in segments) // CHOOSING_ROWS
    scaling = scaling_of(lambda: _chunks(segments, largest, every))
    parts = parts_of(segments, gap_steps=largest, window_steps=largest)
    if scaling is None or len(parts) < 2:
        return usual

    def sums(of: Sequence[Segment]) -> Normal:
        return normal_of(lambda: _chunks(of, largest, every), scaling)

    fitted = [sums(part.fitted) for part in parts]
    judged = [sums(part.judged) for part in parts]
    total = reduce(add, judged)
    power = total.y_squares - total.y_sum**2 / max(total.rows, 1)  # variance times rows
    moves = power > STILL_VARIANCE * total.rows
    if not moves.any():
        return usual
    errors = {}
    for order in orders:
        columns = _columns(order, largest, len(scaling.mean), len(power))
        own, seen = [one.of(columns) for one in fitted], [one.of(columns) for one in judged]
        others = [reduce(add, [*own[:k], *own[k + 1 :]]) for k in range(len(parts))]
        for strength in strengths:
            fits = [solve(one, strength) for one in others if one.rows]
            known = [fit for fit in fits if fit is not None]
            if len(known) == len(parts):
                squares = [s.squared_error(f) for s, f in zip(seen, known, strict=True)]
                errors[order, strength] = float(
                    np.mean(np.sum(squares, axis=0)[moves] / power[moves])
                )
    return min(errors, key=lambda one: errors[one]) if errors else usual
