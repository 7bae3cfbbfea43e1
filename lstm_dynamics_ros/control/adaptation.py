# SPDX-License-Identifier: Apache-2.0
"""Learns a payload and the friction of the joints while the robot moves."""

from dataclasses import dataclass
import math
from typing import final

from lstm_dynamics_ros.control.base import ControlContext
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Matrix, Reference, Vector
from lstm_dynamics_ros.signals.disturbance import PayloadModel
import numpy as np

LARGEST = 1e6
"""Numbers beyond this are garbage: they are not learned from."""


@final
class RecursiveLeastSquares:
    """Recursive least squares with forgetting, leakage and bounded inputs.

    It keeps the sums of the normal equations, each fading with ``memory``, and a constant pull
    towards zero::

        A += (1 - keep) (leak / scale^2 - A) + dt Phi' W Phi,    b *= keep,    b += dt Phi' W y

    with ``keep = exp(-dt / memory)``; the parameters solve ``A a = b``. As ``A`` never falls
    below the pull, the covariance ``A^-1`` is at most ``scale^2 / leak`` (the usual cap on its
    trace), and where nothing is learned the parameters leak to zero instead of drifting.

    Source: L. Ljung, T. Söderström, "Theory and practice of recursive identification", 1983,
    section 2.6; the leak as in J.-J. Slotine, W. Li, "Applied nonlinear control", 1991, 8.7.5.

    Args:
        scale: Expected size of each parameter, shape (n_parameters,).
        memory: Time after which a measurement counts for a third [s].
        leak: Strength of the pull to zero, against the weight of one second of measurements.

    Raises:
        ConfigError: If a number is not positive.
    """

    def __init__(self, scale: Vector, *, memory: float, leak: float) -> None:
        if not (memory > 0 and leak > 0 and (scale > 0).all()):
            raise ConfigError(
                'Least squares needs memory, leak and all scales > 0, '
                f'got {memory}, {leak} and {scale.tolist()}.'
            )
        self._memory = memory
        self._floor = np.diag(leak / scale**2)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._matrix = self._floor.copy()
        self._vector = np.zeros(len(self._floor))
        self._parameters: Vector = np.zeros(len(self._floor))

    @property
    def parameters(self) -> Vector:
        """The newest solution, shape (n_parameters,). Not to be written to."""
        return self._parameters

    def update(self, target: Vector, regressor: Matrix, weight: Vector, dt: float) -> Vector:
        """Take one measurement of several equations ``regressor @ parameters = target``.

        Args:
            target: Left-hand side, shape (n,).
            regressor: Right-hand side per unit of parameter, shape (n, n_parameters).
            weight: Inverse variance of each equation, shape (n,); if all are zero, or a number is
                not finite or senseless, nothing changes.
            dt: Time since the last measurement [s].

        Returns:
            The parameters, shape (n_parameters,); a new array with every change.
        """
        size = np.abs(target).max() + np.abs(regressor).max() + weight.max() + dt
        if not 0.0 < float(size) < LARGEST or not weight.any():
            return self._parameters
        keep = math.exp(-dt / self._memory)
        weighted = dt * (regressor.T * weight)
        self._matrix = keep * self._matrix + (1.0 - keep) * self._floor + weighted @ regressor
        self._vector = keep * self._vector + weighted @ target
        self._parameters = np.asarray(np.linalg.solve(self._matrix, self._vector), np.float64)
        return self._parameters


N_PAYLOAD = 4
"""Mass and three first moments of mass."""

NOISE_SHARE = 0.02
"""Noise of a residual as a share of the effort limit: weighs the joints against each other."""

FRICTION_SHARE = 0.05
"""Usual friction as a share of the effort limit, at 1 rad/s or 1 m/s for the viscous part."""

USUAL_LIMIT = 50.0
"""Effort limit assumed where none is known [N m] or [N]."""


@dataclass(frozen=True, kw_only=True)
class AdaptationSettings:
    """What may be learned while running, and how fast."""

    enabled: bool = parameter(
        default=False, description='Learns the payload while the robot moves. Needs a URDF.'
    )
    friction: bool = parameter(
        default=True, description='Learns Coulomb and viscous friction of each joint, too.'
    )
    memory: float = parameter(
        2.0, 'How long measurements count.', unit='s', minimum=0.1, maximum=600.0
    )
    leak: float = parameter(0.1, 'Pull of all parameters to zero.', minimum=1e-4, maximum=1e4)
    bandwidth: float = parameter(
        20.0,
        'Low-pass of what is learned from, against noise.',
        unit='rad/s',
        minimum=0.1,
        maximum=500.0,
    )
    slowest: float = parameter(
        0.01,
        'Joints whose reference is slower teach nothing: at rest, friction looks like weight.',
        unit='rad/s',
        minimum=0.0,
    )
    friction_velocity: float = parameter(
        0.02,
        'Velocity over which the sign of Coulomb friction is smoothed.',
        unit='rad/s',
        minimum=1e-4,
    )
    maximum_mass: float = parameter(
        5.0, 'Largest payload that is believed.', unit='kg', minimum=0.0
    )
    maximum_offset: float = parameter(
        0.3,
        'Largest distance of its centre of mass from the origin of the payload link.',
        unit='m',
        minimum=0.0,
    )
    maximum_friction: float = parameter(
        0.2,
        'Largest friction that is believed, as a share of the effort limit.',
        minimum=0.0,
        maximum=1.0,
    )

    def build(self, context: ControlContext) -> 'Adaptation | None':
        """Make the adaptation; None if it is not enabled.

        Raises:
            ConfigError: If there is no rigid-body model that knows the effort of a payload.
        """
        return Adaptation(self, context) if self.enabled else None


@final
class Adaptation:
    """Payload and friction by recursive least squares on what nothing else explains.

    The torque of a payload is linear in its mass and first moments, that of friction in its
    Coulomb and viscous coefficients. The regressors are taken along the *reference*: it has no
    noise, so nothing biases the fit, and no feedback can close through it. Target and regressors
    pass through the same low-pass. The parameters are kept within what is physically possible.
    While frozen, at rest, or without a finite target everything stands still.

    Source: J.-J. Slotine, W. Li, "Composite adaptive control of robot manipulators", Automatica
    25(4), 1989 (prediction-error part, filtered regressors).

    Args:
        settings: What may be learned, and how fast.
        context: What it is made for.

    Raises:
        ConfigError: If there is no rigid-body model that knows the effort of a payload.
    """

    def __init__(self, settings: AdaptationSettings, context: ControlContext) -> None:
        if not isinstance(context.prior, PayloadModel):
            raise ConfigError(
                'Adaptation needs a rigid-body model that knows the effort of a payload, got '
                f'{type(context.prior).__name__}. Give the URDF, or set adaptation.enabled false.'
            )
        self.settings = settings
        self._prior = context.prior
        self._period = context.period
        limits = np.array([USUAL_LIMIT if x is None else x for x in context.effort_limits])
        self._weight = 1.0 / (NOISE_SHARE * limits) ** 2
        n = len(limits)
        mass = max(settings.maximum_mass, 1e-3)
        moment = mass * max(settings.maximum_offset, 1e-3)
        scale = [np.array([mass, moment, moment, moment])]
        if settings.friction:
            scale.append(np.tile(FRICTION_SHARE * limits, 2))
        self._friction_bound = np.tile(settings.maximum_friction * limits, 2)
        self._fit = RecursiveLeastSquares(
            np.concatenate(scale), memory=settings.memory, leak=settings.leak
        )
        self._share = -math.expm1(-settings.bandwidth * context.period)
        self._now = np.zeros((n, len(self._fit.parameters)))
        self._blank = np.zeros_like(self._now)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._fit.reset()
        self._parameters = self._fit.parameters
        self._target = np.zeros(len(self._weight))
        self._regressor = np.zeros_like(self._blank)
        self._now = np.zeros_like(self._blank)
        self._moving = np.zeros(len(self._weight), np.bool_)

    @property
    def parameters(self) -> Vector:
        """Mass and first moments, then Coulomb and viscous friction of each joint if learned."""
        return self._parameters

    def explain(self, reference: Reference) -> Vector:
        """Return the torque of what is known so far, and keep the motion for :meth:`learn`.

        Args:
            reference: Reference at the time of the measurement.

        Returns:
            Effort [N m] or [N], shape (n_joints,).
        """
        self._now = self._regressors(reference)
        self._moving = np.abs(reference.velocity) > self.settings.slowest
        torque: Vector = self._now @ self._parameters
        return torque

    def learn(self, left: Vector, *, frozen: bool = False) -> None:
        """Learn from what is left when all torques are taken off the measurement.

        Args:
            left: Effort that nothing explains, that of :meth:`explain` included [N m] or [N],
                shape (n_joints,).
            frozen: Whether to learn nothing: contact, saturation, stale or doubtful data.
        """
        target = left + self._now @ self._parameters
        if frozen or not np.isfinite(target).all():
            return
        self._target = self._target + self._share * (target - self._target)
        self._regressor = self._regressor + self._share * (self._now - self._regressor)
        weight = self._weight * self._moving
        fitted = self._fit.update(self._target, self._regressor, weight, self._period)
        self._parameters = self._bounded(fitted)

    def torque(self, reference: Reference) -> Vector:
        """Return the torque of payload and friction along a reference.

        Args:
            reference: Reference at the time the torque acts.

        Returns:
            Effort [N m] or [N], shape (n_joints,).
        """
        torque: Vector = self._regressors(reference) @ self._parameters
        return torque

    def _regressors(self, reference: Reference) -> Matrix:
        """Return the torque per unit of each parameter, shape (n_joints, n_parameters)."""
        out = self._blank.copy()
        out[:, :N_PAYLOAD] = self._prior.payload_torque(
            reference.position, reference.velocity, reference.acceleration
        )
        if self.settings.friction:
            n = len(out)
            sign = np.tanh(reference.velocity / self.settings.friction_velocity)
            np.fill_diagonal(out[:, N_PAYLOAD : N_PAYLOAD + n], sign)
            np.fill_diagonal(out[:, N_PAYLOAD + n :], reference.velocity)
        return out

    def _bounded(self, fitted: Vector) -> Vector:
        """Return the nearest parameters that a body and a joint can have, one by one."""
        out = fitted.copy()
        out[0] = min(max(out[0], 0.0), self.settings.maximum_mass)
        reach = out[0] * self.settings.maximum_offset
        np.clip(out[1:N_PAYLOAD], -reach, reach, out=out[1:N_PAYLOAD])
        if self.settings.friction:
            np.clip(out[N_PAYLOAD:], 0.0, self._friction_bound, out=out[N_PAYLOAD:])
        return out
