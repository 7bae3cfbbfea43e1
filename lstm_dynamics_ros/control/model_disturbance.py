# SPDX-License-Identifier: Apache-2.0
"""The torque a joint takes beyond its rigid-body model, with the motion from a forward model."""

import math
from typing import final, TypeGuard

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, Vector
from lstm_dynamics_ros.signals.low_pass import LowPass
import numpy as np


@final
class ModelDisturbance:
    """Low-passed difference between measured effort and rigid-body torque.

    ``d_raw = effort - prior(q, dq, ddq)`` as in the classical estimate, but velocity and
    acceleration are the model's::

        dq = v(k | k-1),    ddq = (v(k+1 | k) - v(k | k-1)) / dt

    ``v(k+1 | k)`` is what a forward model said at step k about the next one. A forward model that
    remembers is a filter: it has seen efforts and friction, so it knows where an encoder only
    guesses. And it looks one step ahead, so nothing is half a step and a filter late. Successive
    predictions are subtracted, not a prediction and a measurement: noise in their difference
    cancels in the low-pass that follows.

    The innovation ``v(k) - v(k | k-1)`` of the usual textbook observer is not used: a model that
    remembers explains payload and friction itself, so that its innovation holds neither.

    Source: the observer as in :class:`DisturbanceEstimate`; the innovation form in K. Ohnishi, M.
    Shibata, T. Murakami, "Motion control for advanced mechatronics", T-MECH 1(1), 1996.

    Args:
        prior: Rigid-body model of the robot.
        n_joints: Number of joints.
        period: Time between two updates, the step of the model [s].
        bandwidth: How fast it follows [rad/s].
        smoothing: Time constant of a second low-pass [s]; 0 is without.
        bleed: How fast it decays while frozen [1/s]; 0 holds it.
    """

    def __init__(
        self,
        prior: Prior,
        n_joints: int,
        *,
        period: float,
        bandwidth: float,
        smoothing: float = 0.0,
        bleed: float = 0.0,
    ) -> None:
        self.low_pass = LowPass(n_joints, bandwidth=bandwidth, smoothing=smoothing, bleed=bleed)
        """What the differences go through; its numbers may be changed at any time."""
        self.raw = np.zeros(n_joints)
        """Newest difference before the low-pass [N m] or [N], shape (n_joints,)."""
        self.fresh = False
        """Whether the newest measurement gave a new ``raw``."""
        self._prior = prior
        self._period = period
        self._expected: JointState | None = None

    @property
    def value(self) -> Vector:
        """The estimate [N m] or [N], shape (n_joints,). Not to be written to."""
        return self.low_pass.value

    def reset(self) -> None:
        """Forget everything; the estimate is zero again."""
        self._expected = None
        self.fresh = False
        self.low_pass.reset()
        self.raw = np.zeros_like(self.raw)

    def update(
        self,
        state: JointState,
        predicted: JointState | None,
        explained: Vector | None = None,
        *,
        frozen: bool = False,
    ) -> Vector:
        """Take one measurement, and what the model made of it.

        The estimate stays where it is unless this and the last prediction follow on each other.

        Args:
            state: Newest measurement.
            predicted: What the model says about the next step; None if it says nothing.
            explained: Torque beyond the prior that something else accounts for at this time
                [N m] or [N], shape (n_joints,).
            frozen: Whether to hold (or bleed) the estimate instead of following.

        Returns:
            The estimate [N m] or [N], shape (n_joints,); a new array with every change.
        """
        self.fresh = False
        expected, self._expected = self._expected, predicted
        if predicted is None or not follows(expected, state.stamp_ns, self._period):
            return self.low_pass.value
        acceleration = (predicted.velocity - expected.velocity) / self._period
        raw = state.effort - self._prior.torque(state.position, expected.velocity, acceleration)
        if explained is not None:
            raw = raw - explained
        if not math.isfinite(float(raw.sum())):
            return self.low_pass.value
        self.fresh = True
        self.raw = raw
        return self.low_pass.update(raw, self._period, frozen=frozen)


def follows(expected: JointState | None, stamp_ns: int, period: float) -> TypeGuard[JointState]:
    """Return whether there is a prediction, and it is for this time.

    Args:
        expected: What was predicted a step ago.
        stamp_ns: Time of the newest measurement [ns].
        period: Step of the model [s].
    """
    if expected is None:
        return False
    return abs(stamp_ns - expected.stamp_ns) <= 0.5 * period * NANOSECONDS
