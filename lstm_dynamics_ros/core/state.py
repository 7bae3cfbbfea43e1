# SPDX-License-Identifier: Apache-2.0
"""Joint states and references as plain arrays, and the raw samples they are made from."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
"""A vector of float64, usually one value per joint, shape (n_joints,)."""

Matrix = NDArray[np.float64]
"""Rows of float64, usually one row per time step, shape (n_steps, n_joints)."""

Flags = Sequence[bool] | NDArray[np.bool_]
"""One yes or no per joint, shape (n_joints,)."""

Stamps = NDArray[np.int64]
"""Times [ns], shape (n_steps,)."""

NANOSECONDS = 1_000_000_000
"""Nanoseconds in a second [ns/s]."""


class RawSample(NamedTuple):
    """One sensor_msgs/JointState as it came: any joints, any order, NaN or empty where absent."""

    stamp_ns: int
    """Header stamp [ns]."""
    names: Sequence[str]
    """Joint names, n of them."""
    position: Sequence[float]
    """Joint positions [rad] or [m], n values or none."""
    velocity: Sequence[float]
    """Joint velocities [rad/s] or [m/s], n values or none."""
    effort: Sequence[float]
    """Joint efforts [N m] or [N], n values or none."""


class JointState(NamedTuple):
    """One sample of all joints, in the model's order. Every array has shape (n_joints,)."""

    stamp_ns: int
    """Time of the measurement [ns]. Integers, because a double cannot hold wall time exactly."""
    position: Vector
    """Joint positions [rad], prismatic joints [m]."""
    velocity: Vector
    """Joint velocities [rad/s] or [m/s]. NaN where not measured."""
    effort: Vector
    """Joint efforts [N m] or [N]. NaN where not measured."""


class Reference(NamedTuple):
    """Reference motion of the joints at one instant. Every array has shape (n_joints,)."""

    stamp_ns: int
    """Time it is for [ns]."""
    position: Vector
    """Positions [rad] or [m]."""
    velocity: Vector
    """Velocities [rad/s] or [m/s]."""
    acceleration: Vector
    """Accelerations [rad/s^2] or [m/s^2]."""


class ReferenceSource(Protocol):
    """Knows the reference motion, now and a little later."""

    def at(self, stamp_ns: int) -> Reference | None:
        """Return the reference at a time [ns]; None where it is not known."""
