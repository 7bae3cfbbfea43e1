# SPDX-License-Identifier: Apache-2.0
"""A small random torque on top of the robot's own, from which a model learns what torque does."""

import math
from typing import final

from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.simulate import CORRECTION_STEPS
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRun
import numpy as np

CORRELATED_OVER = 0.02
"""Time after which it has forgotten a third of what it was [s]."""


@final
class RandomTorque:
    """First-order filtered white noise, a corrector for :func:`~.simulate.simulate`.

    While a robot only follows its own controller, torque is a function of the tracking error, and
    no data can tell what torque does from what the error would do anyway. Two percent of the
    largest torque are enough to tell, and hardly move the robot.

    Source: U. Forssell, L. Ljung, "Closed-loop identification revisited", Automatica 35(7), 1999.

    Args:
        level: RMS per joint [N m] (n_joints,).
        seed: What makes it random.
    """

    def __init__(self, level: Vector, seed: int) -> None:
        self._level = level
        self._rng = np.random.default_rng([seed, 1])
        self._keep = math.exp(-CORRECTION_STEPS * STEP / CORRELATED_OVER)
        self._torque = level * self._rng.normal(size=len(level))

    def __call__(self, run: SimulatedRun) -> Vector:  # noqa: ARG002 - it does not look
        """Return the torque for the next correction period [N m] (n_joints,)."""
        fresh = self._rng.normal(size=len(self._level))
        share = math.sqrt(1.0 - self._keep**2)
        self._torque = self._keep * self._torque + share * self._level * fresh
        return self._torque
