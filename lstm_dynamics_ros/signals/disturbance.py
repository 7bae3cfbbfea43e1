# SPDX-License-Identifier: Apache-2.0
"""Measured effort beyond the rigid-body model, and the payload that would explain it.

The same code runs in training and on the robot, so a model sees live what it was trained on.
"""

from collections.abc import Sequence
import math
from typing import Protocol, runtime_checkable

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Flags, Matrix, Vector
from lstm_dynamics_ros.signals.time_grid import turns, without_turns
import numpy as np


class RigidBody(Protocol):
    """A rigid-body model of the robot."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:
        """Return the effort of an ideal robot [N m] or [N], shape (n_joints,)."""


@runtime_checkable
class PayloadModel(RigidBody, Protocol):
    """A rigid-body model that knows the effort of a payload."""

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:
        """Return the effort per unit of ``[m, m cx, m cy, m cz]``, shape (n_joints, 4)."""


class DisturbanceFilter:
    """Low-passed measured effort minus that of the rigid-body model.

    Acceleration is the second difference of three positions, one step old. Encoder noise then
    rises with the square of the frequency, and a second-order low-pass leaves little of it. A
    difference of measured velocities, which were filtered at a far higher rate, folds their noise
    down to low frequencies: on the embedded arm it is four times as rough at the same bandwidth.

    Args:
        rigid_body: Rigid-body model; None takes the effort as it is.
        period: Time between two updates [s].
        bandwidth: Pole of the second-order low-pass [rad/s].
        continuous: Which joints wrap at +-pi, shape (n_joints,).
        payload: Also put the effort per kilogram of payload in the motion through the low-pass.

    Raises:
        ConfigError: If the period or the bandwidth is not positive, or the rigid-body model does
            not know the effort of a payload.
    """

    def __init__(
        self,
        rigid_body: RigidBody | None,
        *,
        period: float,
        bandwidth: float,
        continuous: Flags,
        payload: bool = False,
    ) -> None:
        self._carrier: PayloadModel | None = None
        if payload:
            if not isinstance(rigid_body, PayloadModel):
                raise ConfigError(
                    'The effort of a payload is known of a rigid-body model from a URDF only, got '
                    f'{type(rigid_body).__name__}.'
                )
            self._carrier = rigid_body
        if not (period > 0 and bandwidth > 0):
            raise ConfigError(
                f'period and bandwidth must be > 0, got {period} s and {bandwidth} rad/s.'
            )
        n = len(continuous)
        self._rigid_body = rigid_body
        self._period = period
        self._share = -math.expm1(-bandwidth * period)
        self._turn = turns(continuous)
        self._any_wraps = any(continuous)
        self._seen = 0
        self._position = (np.zeros(n), np.zeros(n))  # newest first
        self._effort = (np.zeros(n), np.zeros(n))
        self._moved = np.zeros(n)  # from one of the positions to the other
        self._first, self._second = np.zeros(n), np.zeros(n)
        self._weight = np.zeros((2, n))
        self._surprise = np.zeros((2, n))  # what of both poles nobody expected
        self._frozen = False
        self.raw = np.zeros(n)
        """Newest difference before the low-pass, one step old [N m] or [N], (n_joints,)."""

    @property
    def value(self) -> Vector:
        """The newest value [N m] or [N], shape (n_joints,). Not to be written to."""
        return self._second

    @property
    def payload(self) -> Vector:
        """Low-passed effort per kilogram of payload [N m/kg] or [N/kg], shape (n_joints,).

        Not to be written to.
        """
        low_passed: Vector = self._weight[1]
        return low_passed

    @property
    def ready(self) -> bool:
        """Whether enough was seen since the last reset for ``raw`` to mean something."""
        return self._seen > 2

    def reset(self) -> None:
        """Forget everything."""
        self._seen = 0
        self._surprise[:] = 0.0
        self._weight[:] = 0.0
        self._frozen = False
        self._first, self._second = np.zeros_like(self._first), np.zeros_like(self._second)
        self.raw = np.zeros_like(self.raw)

    def update(
        self,
        position: Vector,
        effort: Vector,
        *,
        expected: Vector | None = None,
        frozen: bool = False,
    ) -> Vector:
        """Take the next step of the grid.

        Frozen, it goes on with what is expected in place of what is measured, as in dead
        reckoning: a payload goes on to weigh differently in every pose, and a force from outside
        leaves no trace. What was not expected before it was noticed is taken out.

        Args:
            position: Measured positions [rad] or [m], shape (n_joints,).
            effort: Measured efforts [N m] or [N], shape (n_joints,).
            expected: Prediction of ``raw`` [N m] or [N], shape (n_joints,);
                None if nobody did. Without it a frozen value stands still.
            frozen: Whether what is measured must leave no trace.

        Returns:
            The value [N m] or [N], shape (n_joints,): a new array with every step.
        """
        if self._seen < 2:
            if self._seen == 0:
                self._position, self._effort = (position, position), (effort, effort)
            self._remember(position, effort, self._unwrapped(position - self._position[0]))
            self._seen += 1
            return self._second
        newest, before = self._unwrapped(position - self._position[0]), self._moved
        measured = 0.25 * (effort + self._effort[1]) + 0.5 * self._effort[0]
        velocity = (newest + before) / (2 * self._period)
        acceleration = (newest - before) / self._period**2
        if self._rigid_body is None:
            self.raw = measured
        else:
            self.raw = measured - self._rigid_body.torque(
                self._position[0], velocity, acceleration
            )
        if self._carrier is not None:
            self._weigh(
                self._carrier.payload_torque(self._position[0], velocity, acceleration)[:, 0]
            )
        if self._seen == 2:  # start settled, not from zero
            self._first = self._second = self.raw
        else:
            self._follow(expected, frozen=frozen)
        self._frozen = frozen
        self._remember(position, effort, newest)
        self._seen = 3
        return self._second

    def _remember(self, position: Vector, effort: Vector, moved: Vector) -> None:
        """Keep what was measured and how far it moved since the measurement before."""
        self._position = position, self._position[0]
        self._effort = effort, self._effort[0]
        self._moved = moved

    def _weigh(self, weight: Vector) -> None:
        """Put the effort per kilogram of payload through the low-pass."""
        if self._seen == 2:
            self._weight[:] = weight
            return
        self._weight[0] += self._share * (weight - self._weight[0])
        self._weight[1] += self._share * (self._weight[0] - self._weight[1])

    def _follow(self, expected: Vector | None, *, frozen: bool) -> None:
        """Let the low-pass follow what is measured, or what is expected."""
        share, surprise = self._share, self._surprise
        if frozen and not self._frozen:
            self._first = self._first - surprise[0]
            self._second = self._second - surprise[1]
        if frozen or expected is None:
            surprise[:] = 0.0
        else:
            surprise[0] += share * (self.raw - expected - surprise[0])
            surprise[1] += share * (surprise[0] - surprise[1])
        followed = expected if frozen else self.raw
        if followed is not None:
            self._first = self._first + share * (followed - self._first)
            self._second = self._second + share * (self._first - self._second)

    def _unwrapped(self, step: Vector) -> Vector:
        if not self._any_wraps:
            return step
        return without_turns(step, self._turn)


RANGE_NAME = 'payload'
"""Name of its range among the training ranges of a model card [kg]."""

MEMORY = 2.0
"""How long measurements count [s]: friction must have turned round a few times."""

FIRST = 0.5
"""What comes before this time is not looked at [s]: the low-pass of the disturbance starts with a
single difference of accelerations, which is mostly noise of the encoders."""

LEAST = 1e-9
"""Smallest sum of squares that can be divided by."""


class PayloadEstimate:
    """Mass that explains the disturbance best, by least squares that forget.

    ``m = sum(d F / s^2) / sum(F^2 / s^2)`` over joints and the last seconds, with the effort
    ``F`` per kilogram. Friction and all else are noise to it, so it says whether a payload is
    within what a model was trained on, and no more.

    Args:
        scale: Usual size of the disturbance of each joint [N m] or [N], > 0, shape (n_joints,).
        period: Time between two updates [s].

    Raises:
        ConfigError: If the period or a scale is not positive.
    """

    def __init__(self, scale: Vector, period: float) -> None:
        if not (period > 0 and bool((scale > 0).all())):
            raise ConfigError(f'period and scale must be > 0, got {period} s and {scale}.')
        self._weight = 1.0 / (scale * scale)
        self._share = -math.expm1(-period / MEMORY)
        self._first = round(FIRST / period)
        self.reset()

    @property
    def mass(self) -> float:
        """The mass [kg]; 0 before there is any evidence."""
        return self._above / self._below if self._below > LEAST else 0.0

    def reset(self) -> None:
        """Forget everything."""
        self._above = self._below = 0.0
        self._waits = self._first

    def update(self, disturbance: Vector, per_kilogram: Vector) -> float:
        """Take in the next step of the grid and return the mass [kg].

        Args:
            disturbance: Low-passed effort beyond the rigid-body model [N m] or [N], (n_joints,).
            per_kilogram: Effort per kilogram of payload, through the same low-pass [N m/kg] or
                [N/kg], shape (n_joints,).
        """
        if self._waits > 0:
            self._waits -= 1
            return self.mass
        weighed = self._weight * per_kilogram
        self._above += self._share * (float(weighed @ disturbance) - self._above)
        self._below += self._share * (float(weighed @ per_kilogram) - self._below)
        return self.mass


def disturbance_scale(spread: Sequence[float]) -> Vector:
    """Return what joints are weighed against each other by, shape (n_joints,).

    Args:
        spread: Standard deviation of the disturbance of each joint in training [N m] or [N].
    """
    scale: Vector = np.maximum(np.array(spread), max(1e-3, 0.01 * max(spread)))
    return scale


def estimates(disturbance: Matrix, per_kilogram: Matrix, scale: Vector, period: float) -> Vector:
    """Return the mass after every step of a run [kg], shape (n_steps,).

    Args:
        disturbance: As in :meth:`PayloadEstimate.update`, shape (n_steps, n_joints).
        per_kilogram: Likewise.
        scale: Usual size of the disturbance of each joint, shape (n_joints,).
        period: Time between two steps [s].
    """
    own = PayloadEstimate(scale, period)
    return np.array([own.update(d, f) for d, f in zip(disturbance, per_kilogram, strict=True)])
