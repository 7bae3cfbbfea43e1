# SPDX-License-Identifier: Apache-2.0
"""Angles and differences of positions of joints that turn without end."""

from collections.abc import Sequence
import math

from lstm_dynamics_ros.core.state import Vector
import numpy as np
from numpy.typing import NDArray


def wrap(angle: Vector) -> Vector:
    """Return angles [rad] wrapped to [-pi, pi)."""
    return (angle + np.pi) % (2 * np.pi) - np.pi


def short_way(difference: Vector, continuous: NDArray[np.bool_]) -> Vector:
    """Return differences of positions, the short way round for continuous joints.

    Args:
        difference: One position less another [rad] or [m], shape (..., n_joints).
        continuous: Which joints turn without end, shape (n_joints,).
    """
    return np.where(continuous, wrap(difference), difference)


def turns(continuous: Sequence[bool] | NDArray[np.bool_]) -> Vector:
    """Return what one turn of each joint is for :func:`without_turns` [rad], (n_joints,)."""
    return 2 * math.pi * np.array(continuous, np.float64)


def without_turns(difference: Vector, turn: Vector | float = 2 * math.pi) -> Vector:
    """Return differences of positions without the whole turns in them.

    As :func:`short_way`, but what is less than half a turn keeps all of its bits.

    Args:
        difference: One position less another [rad] or [m], shape (..., n_joints).
        turn: 2 pi for a continuous joint, 0 for others [rad], see :func:`turns`.
    """
    return difference - turn * np.round(difference / (2 * math.pi))
