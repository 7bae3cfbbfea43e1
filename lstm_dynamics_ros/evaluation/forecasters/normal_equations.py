# SPDX-License-Identifier: Apache-2.0
"""Ridge regression from sums over chunks of rows, so that the data need never be in memory."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lstm_dynamics_ros.core.ridge import solve_ridge
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

SMALLEST_STD = 1e-9
"""Below this a feature counts as constant and gets no weight."""

Chunks = Callable[[], Iterator[tuple[Matrix, Matrix]]]
"""Gives features (n, n_features) and outputs (n, n_outputs), chunk by chunk, from the start."""


class Scaling(NamedTuple):
    """Standardisation of the features and mean of the outputs."""

    mean: Vector
    std: Vector
    """Infinite for constant features."""
    output: Vector


class Normal(NamedTuple):
    """Sums over rows of standardised features z and centred outputs y.

    They may be centred on other rows than these: the mean that is left is taken out at the end.
    """

    rows: int
    gram: Matrix
    """z^T z, shape (n_features, n_features)."""
    moment: Matrix
    """z^T y, shape (n_features, n_outputs)."""
    z_sum: Vector
    """Shape (n_features,)."""
    y_sum: Vector
    """Shape (n_outputs,)."""

    def __add__(self, other: 'Normal') -> 'Normal':  # type: ignore[override]
        """Return the sums over both sets of rows."""
        return Normal(
            self.rows + other.rows,
            self.gram + other.gram,
            self.moment + other.moment,
            self.z_sum + other.z_sum,
            self.y_sum + other.y_sum,
        )


def scaling_of(chunks: Chunks) -> Scaling | None:
    """Return mean and spread over all rows, in two passes; None if there is no row."""
    count, total, output = 0, 0.0, 0.0
    for x, y in chunks():
        count, total, output = count + len(x), total + x.sum(axis=0), output + y.sum(axis=0)
    if count == 0:
        return None
    mean = np.asarray(total) / count
    squares = sum(((x - mean) ** 2).sum(axis=0) for x, _ in chunks())
    std = np.sqrt(np.asarray(squares) / count)
    return Scaling(mean, np.where(std < SMALLEST_STD, np.inf, std), np.asarray(output) / count)


def normal_of(chunks: Chunks, scaling: Scaling) -> Normal:
    """Add up the normal equations over all rows."""
    n_features, n_outputs = len(scaling.mean), len(scaling.output)
    rows = 0
    gram, moment = np.zeros((n_features, n_features)), np.zeros((n_features, n_outputs))
    z_sum, y_sum = np.zeros(n_features), np.zeros(n_outputs)
    for x, y in chunks():
        z = (x - scaling.mean) / scaling.std
        rows += len(z)
        gram += z.T @ z
        moment += z.T @ (y - scaling.output)
        z_sum += z.sum(axis=0)
        y_sum += (y - scaling.output).sum(axis=0)
    return Normal(rows, gram, moment, z_sum, y_sum)


def solve(normal: Normal, scaling: Scaling, strength: float) -> tuple[Matrix, Vector] | None:
    """Return weights and offset for raw features, ``y = x @ weights + offset``.

    Args:
        normal: The sums.
        scaling: What they were standardised with.
        strength: Ridge penalty relative to the number of rows.

    Returns:
        Weights (n_features, n_outputs) and offset (n_outputs,); None if singular.
    """
    z_mean, y_mean = normal.z_sum / normal.rows, normal.y_sum / normal.rows
    gram = normal.gram - np.outer(normal.z_sum, z_mean)
    cross = normal.moment - np.outer(z_mean, normal.y_sum)
    try:
        scaled = solve_ridge(gram, cross, strength * normal.rows)
    except np.linalg.LinAlgError:
        return None
    weights = scaled / scaling.std[:, None]
    offset = scaling.output + y_mean - z_mean @ scaled - scaling.mean @ weights
    return weights, offset
