# SPDX-License-Identifier: Apache-2.0
"""Moves between postures with sums of sines on top."""

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.signals.joint_path import JointPath
from lstm_dynamics_ros.sim.motions.base import MOTIONS, MotionShape
from lstm_dynamics_ros.sim.motions.multi_sine import MultiSine
from lstm_dynamics_ros.sim.motions.point_to_point import PointToPoint
import numpy as np


@MOTIONS.register('mixed')
class Mixed(MotionShape):
    """Half the way in moves, half of it in sines, so that the sum keeps within the limits."""

    def path(
        self, amplitude: Vector, peak: Vector, n_steps: int, speed: float, rng: np.random.Generator
    ) -> JointPath:
        """See the base class."""
        share = rng.uniform(0.3, 0.7)
        moves = PointToPoint().path(share * amplitude, share * peak, n_steps, speed, rng)
        rest = 1.0 - share
        sines = MultiSine().path(rest * amplitude, rest * peak, n_steps, speed, rng)
        return JointPath(*(a + b for a, b in zip(moves, sines, strict=True)))
