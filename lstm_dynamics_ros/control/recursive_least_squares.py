# SPDX-License-Identifier: Apache-2.0
"""Linear regression that goes on for ever, forgets, and cannot run away."""

import math
from typing import final

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np

LARGEST = 1e6
"""Numbers beyond this are garbage: they are not learned from."""


@final
class RecursiveLeastSquares:
    """Least squares with exponential forgetting and a leak towards zero.

    It keeps the sums of the normal equations, each fading with ``memory``, and a constant pull
    towards zero::

        A += (1 - keep) (leak / scale^2 - A) + dt Phi' W Phi,    b *= keep,    b += dt Phi' W y

    with ``keep = exp(-dt / memory)``; the parameters solve ``A a = b``. As ``A`` never falls
    below the pull, the covariance ``A^-1`` is at most ``scale^2 / leak`` (the usual cap on its
    trace), and where nothing is learned the parameters leak to zero instead of drifting.

    Source: L. Ljung, T. Söderström, "Theory and practice of recursive identification", 1983,
    section 2.6; the leak as in J.-J. Slotine, W. Li, "Applied nonlinear control", 1991, 8.7.5.

    Args:
        scale: Expected size of each parameter, shape (n_parameters,).
        memory: Time after which a measurement counts for a third [s].
        leak: Strength of the pull to zero, against the weight of one second of measurements.

    Raises:
        ConfigError: If a number is not positive.
    """

    def __init__(self, scale: Vector, *, memory: float, leak: float) -> None:
        if not (memory > 0 and leak > 0 and (scale > 0).all()):
            raise ConfigError(
                'Least squares needs memory, leak and all scales > 0, '
                f'got {memory}, {leak} and {scale.tolist()}.'
            )
        self._memory = memory
        self._floor = np.diag(leak / scale**2)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._matrix = self._floor.copy()
        self._vector = np.zeros(len(self._floor))
        self._parameters: Vector = np.zeros(len(self._floor))

    @property
    def parameters(self) -> Vector:
        """The newest solution, shape (n_parameters,). Not to be written to."""
        return self._parameters

    def update(self, target: Vector, regressor: Matrix, weight: Vector, dt: float) -> Vector:
        """Take one measurement of several equations ``regressor @ parameters = target``.

        Args:
            target: Left-hand side, shape (n,).
            regressor: Right-hand side per unit of parameter, shape (n, n_parameters).
            weight: Inverse variance of each equation, shape (n,); if all are zero, or a number is
                not finite or senseless, nothing changes.
            dt: Time since the last measurement [s].

        Returns:
            The parameters, shape (n_parameters,); a new array with every change.
        """
        size = np.abs(target).max() + np.abs(regressor).max() + weight.max() + dt
        if not 0.0 < float(size) < LARGEST or not weight.any():
            return self._parameters
        keep = math.exp(-dt / self._memory)
        weighted = dt * (regressor.T * weight)
        self._matrix = keep * self._matrix + (1.0 - keep) * self._floor + weighted @ regressor
        self._vector = keep * self._vector + weighted @ target
        self._parameters = np.asarray(np.linalg.solve(self._matrix, self._vector), np.float64)
        return self._parameters
