# SPDX-License-Identifier: Apache-2.0
"""Estimates of the torque that a joint takes beyond its rigid-body model."""

from abc import ABC, abstractmethod
import math
from typing import final, TypeGuard

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, Vector
from lstm_dynamics_ros.signals.low_pass import LowPass
import numpy as np

VELOCITY_DELAY = 0.002
"""Usual age of a velocity that was made from encoder counts [s]: a low-pass of 80 Hz."""

LONGEST_STEP = 2.5
"""A step of more than this many periods is a gap: the motion across it is not known."""


class Disturbance(ABC):
    """Low-passed difference between measured effort and rigid-body torque.

    Args:
        prior: Rigid-body model of the robot.
        low_pass: What the differences go through, at zero.
        period: Time between two updates [s].

    Raises:
        ConfigError: If the period is not above zero.
    """

    def __init__(self, prior: Prior, low_pass: LowPass, *, period: float) -> None:
        if not period > 0.0:
            raise ConfigError(f'A disturbance estimate needs a period > 0 s, got {period}.')
        self.low_pass = low_pass
        """What the differences go through; its numbers may be changed at any time."""
        self.raw = np.zeros_like(low_pass.value)
        """Newest difference before the low-pass [N m] or [N], shape (n_joints,)."""
        self.fresh = False
        """Whether the newest measurement gave a new ``raw``."""
        self._prior = prior
        self._period = period

    @property
    def value(self) -> Vector:
        """The estimate [N m] or [N], shape (n_joints,). Not to be written to."""
        return self.low_pass.value

    def reset(self) -> None:
        """Forget everything; the estimate is zero again."""
        self.fresh = False
        self.low_pass.reset()
        self.raw = np.zeros_like(self.raw)

    @abstractmethod
    def update(
        self,
        state: JointState,
        explained: Vector | None = None,
        *,
        predicted: JointState | None = None,
        frozen: bool = False,
    ) -> Vector:
        """Take one measurement.

        Args:
            state: Newest measurement.
            explained: Torque beyond the prior that something else accounts for at this time, e.g.
                a learned feed-forward [N m] or [N], shape (n_joints,).
            predicted: What a forward model says about the next step; None if it says nothing.
            frozen: Whether to hold (or bleed) the estimate instead of following.

        Returns:
            The estimate [N m] or [N], shape (n_joints,); a new array with every change.
        """


@final
class DisturbanceEstimate(Disturbance):
    """The disturbance with the motion from measured velocities.

    With ``d_raw = effort - prior(q, dq, ddq)`` and ``ddq`` from the difference of two velocities,
    each step does ``d += (1 - exp(-bandwidth dt)) (d_raw - d)``. That is the momentum observer in
    acceleration form: a low-pass of a difference is the same as the integral in the momentum form
    and noise enters both alike.

    A velocity difference is the mean acceleration over one step, as old as the velocity filter
    makes it. Effort and position are taken back to the middle of that same step; otherwise every
    change of effort would show up as a disturbance. A controller may want just that: an effort
    that is ``lead`` too young shows early that the robot's own controller has begun to work
    harder, at no cost in noise. The price is loop gain: keep ``bandwidth * lead`` well below 1.

    Noise enters as the difference of two velocities, so it is mostly fast: a second low-pass
    (``smoothing``) buys more smoothness for the delay it costs than a lower bandwidth does.

    Source: A. De Luca, R. Mattone, "Sensorless robot collision detection and hybrid force/motion
    control", ICRA 2005; S. Haddadin, A. De Luca, A. Albu-Schaeffer, "Robot collisions: a survey on
    detection, isolation, and identification", T-RO 33(6), 2017, sections V-C and V-D.

    Args:
        prior, low_pass, period: See :class:`Disturbance`.
        velocity_delay: Age of the measured velocity against position and effort [s].
        lead: How much younger than the motion the effort is taken [s].

    Raises:
        ConfigError: If a number is out of range.
    """

    def __init__(
        self,
        prior: Prior,
        low_pass: LowPass,
        *,
        period: float,
        velocity_delay: float = VELOCITY_DELAY,
        lead: float = 0.0,
    ) -> None:
        super().__init__(prior, low_pass, period=period)
        if not (velocity_delay >= 0.0 and lead >= 0.0):
            raise ConfigError(
                'A disturbance estimate needs velocity_delay and lead >= 0 s, '
                f'got {velocity_delay} and {lead}.'
            )
        self._age = 0.5 * period + velocity_delay
        self._weights = _weights((self._age - lead) / period)
        self._velocity = np.zeros_like(low_pass.value)
        self._efforts = np.zeros((len(self._weights), len(self._velocity)))  # newest first
        self._stamp_ns: int | None = None

    def reset(self) -> None:
        """See the base class."""
        super().reset()
        self._stamp_ns = None

    def update(
        self,
        state: JointState,
        explained: Vector | None = None,
        *,
        predicted: JointState | None = None,  # noqa: ARG002 - measured velocities are enough
        frozen: bool = False,
    ) -> Vector:
        """See the base class.

        A repeated stamp changes nothing. After a gap, a jump back in time or values that are not
        finite, the estimate stays until two measurements in a row can be used.
        """
        previous_ns, self._stamp_ns = self._stamp_ns, state.stamp_ns
        self.fresh = False
        if previous_ns == state.stamp_ns:
            return self.low_pass.value
        effort = state.effort if explained is None else state.effort - explained
        if not math.isfinite(float((effort + state.velocity + state.position).sum())):
            self._stamp_ns = None
            return self.low_pass.value
        dt = 0.0 if previous_ns is None else (state.stamp_ns - previous_ns) / NANOSECONDS
        if not 0.0 < dt < LONGEST_STEP * self._period:
            self._efforts[:] = effort
            self._velocity[:] = state.velocity
            return self.low_pass.value
        self._efforts[1:] = self._efforts[:-1]
        self._efforts[0] = effort
        acceleration = (state.velocity - self._velocity) / dt
        middle = 0.5 * (state.velocity + self._velocity)
        self._velocity[:] = state.velocity
        position = state.position - self._age * state.velocity
        nominal = self._prior.torque(position, middle, acceleration)
        self.fresh = True
        self.raw = self._weights @ self._efforts - nominal
        return self.low_pass.update(self.raw, dt, frozen=frozen)


def _weights(age: float) -> Vector:
    """Return the weights of samples, newest first, that give the value at some age [periods].

    The straight line between two samples; a negative age goes on along the newest two.
    """
    whole = max(0, math.floor(age))
    part = age - whole
    weights = np.zeros(whole + 2)
    weights[whole:] = 1.0 - part, part
    return weights


@final
class ModelDisturbance(Disturbance):
    """The disturbance with the motion from a forward model.

    ``d_raw = effort - prior(q, dq, ddq)`` as in the classical estimate, but velocity and
    acceleration are the model's::

        dq = v(k | k-1),    ddq = (v(k+1 | k) - v(k | k-1)) / dt

    ``v(k+1 | k)`` is the prediction of a forward model at step k for the next one. A recurrent
    model is a filter: it has seen efforts and friction, so it knows where an encoder only
    guesses. And it looks one step ahead, so nothing is half a step and a filter late. Successive
    predictions are subtracted, not a prediction and a measurement: noise in their difference
    cancels in the low-pass that follows.

    The innovation ``v(k) - v(k | k-1)`` of the usual textbook observer is not used: a model that
    remembers explains payload and friction itself, so that its innovation holds neither.

    Source: the observer as in :class:`DisturbanceEstimate`; the innovation form in K. Ohnishi, M.
    Shibata, T. Murakami, "Motion control for advanced mechatronics", T-MECH 1(1), 1996.
    """

    _expected: JointState | None = None

    def reset(self) -> None:
        """See the base class."""
        super().reset()
        self._expected = None

    def update(
        self,
        state: JointState,
        explained: Vector | None = None,
        *,
        predicted: JointState | None = None,
        frozen: bool = False,
    ) -> Vector:
        """See the base class.

        The estimate stays where it is unless this and the last prediction follow on each other.
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
