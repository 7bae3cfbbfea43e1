# SPDX-License-Identifier: Apache-2.0
"""Where a robot is told to be."""

from typing import NamedTuple, Protocol

from lstm_dynamics_ros.core.state import Vector


class Reference(NamedTuple):
    """Where the robot is told to be at one instant. Arrays have shape (n_joints,)."""

    stamp_ns: int
    """Time it is for [ns]."""
    position: Vector
    """Positions [rad] or [m]."""
    velocity: Vector
    """Velocities [rad/s] or [m/s]."""
    acceleration: Vector
    """Accelerations [rad/s^2] or [m/s^2]."""


class ReferenceSource(Protocol):
    """Knows where the robot is told to be, now and a little later."""

    def at(self, stamp_ns: int) -> Reference | None:
        """Return where the robot is told to be at a time [ns]; None where that is not known."""
