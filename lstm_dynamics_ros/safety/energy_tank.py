# SPDX-License-Identifier: Apache-2.0
"""How much energy the correction may still put into the robot."""

import math

from lstm_dynamics_ros.core.state import Vector
import numpy as np

RESERVE = 0.2
"""Part of the tank over which torque that adds energy fades away."""


class EnergyTank:
    """A tank that torque along the motion empties, and torque against it fills.

    Source: the energy tanks of passivity-based control, C. Secchi, S. Stramigioli, C. Fantuzzi,
    "Position drift compensation in port-Hamiltonian based telemanipulation", IROS 2006;
    F. Ferraguti et al., "An energy tank-based interactive control architecture for autonomous and
    teleoperated robotic surgery", T-RO 2015.

    Args:
        capacity: Energy it holds when full, and at the start [J].
        refill: What flows in all the time [W].
        period: Time between two steps [s].
    """

    def __init__(self, capacity: float, refill: float, period: float) -> None:
        self.capacity = capacity
        self.refill = refill
        self._period = period
        self.level = capacity
        """Energy left [J]; below zero if torque could not be taken away at once."""

    def fill(self) -> None:
        """Make it full."""
        self.level = self.capacity

    def account(self, torque: Vector, velocity: Vector) -> None:
        """Note what a torque did over the last step.

        Args:
            torque: Torque that was sent [N m] or [N], shape (n_joints,).
            velocity: Measured speeds [rad/s] or [m/s], shape (n_joints,).
        """
        power = float(torque @ velocity)
        if math.isfinite(power):  # otherwise `limit` takes the torque away
            self.level -= power * self._period
        self.level = min(self.capacity, self.level + self.refill * self._period)

    def limit(self, torque: Vector, velocity: Vector) -> bool:
        """Scale down what adds energy, as far as the tank is empty.

        A joint of unknown speed gets nothing.

        Args:
            torque: Wanted torque [N m] or [N], shape (n_joints,); changed in place.
            velocity: Measured speeds [rad/s] or [m/s], shape (n_joints,).

        Returns:
            Whether anything was taken away.
        """
        known = np.isfinite(velocity)
        share = min(1.0, max(0.0, self.level / (RESERVE * self.capacity)))
        if share == 1.0 and known.all():
            return False
        adds = np.sign(torque) * velocity > 0.0
        scale = np.where(known, np.where(adds, share, 1.0), 0.0)
        torque *= scale
        return bool((scale < 1.0).any())
