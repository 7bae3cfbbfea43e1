# SPDX-License-Identifier: Apache-2.0
"""Position, velocity and acceleration a few steps ago, from what was measured until now.

The same code runs in training and on the robot, so a model sees live what it was trained on.
"""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Flags, Matrix, Vector
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.signals.time_grid import turns, without_turns
import numpy as np

ORDER = 2
"""Degree of the polynomial."""


class CausalMotion:
    """Parabolas through the last measured positions and velocities, read a few steps back.

    The newest end of a fitted parabola is its noisiest point: its slope there has four times the
    standard deviation of that in the middle. A few steps back it is nearly as good as there, and
    far less late. Source: A. Savitzky, M. Golay, "Smoothing and differentiation of data by
    simplified least squares procedures", Analytical Chemistry 36(8), 1964; P. Gorry, "General
    least-squares smoothing and differentiation by the convolution method", Anal. Chem. 62, 1990
    (points other than the middle).

    Args:
        window: Measurements a parabola is fitted to [steps], at least 4.
        delay: How far back it is read [steps], at least 0.
        dt: Step of the grid [s].
        continuous: Which joints wrap at +-pi, one per joint.

    Raises:
        ConfigError: If a number is out of range.
    """

    def __init__(self, *, window: int, delay: int, dt: float, continuous: Flags) -> None:
        if window < ORDER + 2 or not 0 <= delay < window or dt <= 0:
            raise ConfigError(
                f'The window must be at least {ORDER + 2} steps, the delay shorter than it and '
                f'dt > 0; got {window} and {delay} steps, {dt} s.'
            )
        self._value, self._slope = _weights(window, delay, dt)
        self._turn = turns(continuous)
        n = len(self._turn)
        self._position, self._velocity = np.zeros((2, window, n))
        self._empty = True
        self._read = JointPath(*np.zeros((3, n)))

    def reset(self) -> None:
        """Forget what was measured."""
        self._empty = True

    def update(self, position: Vector, velocity: Vector) -> JointPath:
        """Take in the next grid point.

        Before the first measurement the robot is taken to have moved as in it.

        Args:
            position: Measured positions [rad] or [m], shape (n_joints,).
            velocity: Measured velocities [rad/s] or [m/s], shape (n_joints,).

        Returns:
            The motion ``delay`` steps ago, each of shape (n_joints,); written again by the
            next call.
        """
        if self._empty:
            self._position[:], self._velocity[:] = position, velocity
            self._empty = False
        else:
            step = position - self._position[-1]
            newest = self._position[-1] + without_turns(step, self._turn)
            self._position[:-1] = self._position[1:]
            self._velocity[:-1] = self._velocity[1:]
            self._position[-1], self._velocity[-1] = newest, velocity
        np.dot(self._value, self._position, out=self._read.position)
        np.dot(self._value, self._velocity, out=self._read.velocity)
        np.dot(self._slope, self._velocity, out=self._read.acceleration)
        return self._read


def _weights(window: int, delay: int, dt: float) -> tuple[Vector, Vector]:
    """Return what value and slope of the parabola are of the samples, oldest first."""
    ages = dt * (np.arange(window) - (window - 1) + delay)
    fit: Matrix = np.linalg.pinv(np.vander(ages, ORDER + 1, increasing=True))
    return np.ascontiguousarray(fit[0]), np.ascontiguousarray(fit[1])
