# SPDX-License-Identifier: Apache-2.0
"""Ridge regression from the normal equations."""

from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np


def solve_ridge(gram: Matrix, cross: Matrix, penalty: Vector | float) -> Matrix:
    """Return the weights w that make ``|y - X w|^2 + sum(penalty * w^2)`` least.

    Source: A. Hoerl, R. Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal
    Problems", Technometrics 12(1), 1970.

    Args:
        gram: X^T X, shape (n_features, n_features).
        cross: X^T y, shape (n_features,) or (n_features, n_outputs).
        penalty: Weight of each squared coefficient, one or shape (n_features,).

    Raises:
        numpy.linalg.LinAlgError: If the system is singular.
    """
    square = gram + np.diag(np.full(len(gram), penalty))
    return np.asarray(np.linalg.solve(square, cross), np.float64)
