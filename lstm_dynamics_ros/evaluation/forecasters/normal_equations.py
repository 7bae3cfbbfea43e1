# SPDX-License-Identifier: Apache-2.0
"""Ridge regression from sums over chunks of rows, so that the data need never be in memory."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from lstm_dynamics_ros.core.ridge import solve_ridge
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np
from numpy.typing import NDArray

SMALLEST_STD = 1e-9
"""Below this a feature counts as constant and gets no weight."""

Chunks = Callable[[], Iterator[tuple[Matrix, Matrix]]]
"""Gives features (n, n_features) and outputs (n, n_outputs), chunk by chunk, from the start."""

Columns = NDArray[np.int64]
"""Numbers of some of the features."""


class Scaling(NamedTuple):
    """Standardisation of the features and mean of the outputs."""

    mean: Vector
    std: Vector
    """Infinite for constant features."""
    output: Vector

    def of(self, columns: Columns) -> 'Scaling':
        """Return that of some of the features."""
        return Scaling(self.mean[columns], self.std[columns], self.output)


class Fit(NamedTuple):
    """Weights of standardised features and the offset, of centred outputs."""

    weights: Matrix
    """Shape (n_features, n_outputs)."""
    offset: Vector
    """Shape (n_outputs,)."""

    def unscaled(self, scaling: Scaling) -> tuple[Matrix, Vector]:
        """Return weights and offset for raw features, ``y = x @ weights + offset``."""
        weights = self.weights / scaling.std[:, None]
        return weights, scaling.output + self.offset - scaling.mean @ weights


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
    y_squares: Vector
    """Shape (n_outputs,)."""

    def of(self, columns: Columns) -> 'Normal':
        """Return the sums of some of the features."""
        gram = self.gram[np.ix_(columns, columns)]
        return self._replace(gram=gram, moment=self.moment[columns], z_sum=self.z_sum[columns])

    def squared_error(self, fit: Fit) -> Vector:
        """Return the sum of the squared errors of a fit to any rows on these, (n_outputs,)."""
        explained = np.einsum('ij,ij->j', fit.weights, self.gram @ fit.weights - 2 * self.moment)
        z, y = self.z_sum @ fit.weights, self.y_sum
        error: Vector = (
            self.y_squares + explained + fit.offset * (2 * z - 2 * y + self.rows * fit.offset)
        )
        return np.maximum(error, 0.0)

    def __add__(self, other: 'Normal') -> 'Normal':  # type: ignore[override]
        """Return the sums over both sets of rows."""
        return Normal(
            self.rows + other.rows,
            self.gram + other.gram,
            self.moment + other.moment,
            self.z_sum + other.z_sum,
            self.y_sum + other.y_sum,
            self.y_squares + other.y_squares,
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
    z_sum, y_sum, y_squares = np.zeros(n_features), np.zeros(n_outputs), np.zeros(n_outputs)
    for x, raw in chunks():
        z, y = (x - scaling.mean) / scaling.std, raw - scaling.output
        rows += len(z)
        gram += z.T @ z
        moment += z.T @ y
        z_sum += z.sum(axis=0)
        y_sum += y.sum(axis=0)
        y_squares += (y * y).sum(axis=0)
    return Normal(rows, gram, moment, z_sum, y_sum, y_squares)


def solve(normal: Normal, strength: float) -> Fit | None:
    """Return the ridge regression to sums over rows; None if it is singular.

    Args:
        normal: The sums.
        strength: Ridge penalty relative to the number of rows.
    """
    z_mean, y_mean = normal.z_sum / normal.rows, normal.y_sum / normal.rows
    gram = normal.gram - np.outer(normal.z_sum, z_mean)
    cross = normal.moment - np.outer(z_mean, normal.y_sum)
    try:
        weights = solve_ridge(gram, cross, strength * normal.rows)
    except np.linalg.LinAlgError:
        return None
    return Fit(weights, y_mean - z_mean @ weights)
