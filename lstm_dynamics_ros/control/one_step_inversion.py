# SPDX-License-Identifier: Apache-2.0
"""The torque with which a forward model predicts the reference one step ahead, by its Jacobian."""

from dataclasses import dataclass, field
import math
from typing import ClassVar, final

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
    needs_forward,
    settings_as,
)
from lstm_dynamics_ros.control.disturbance_estimate import follows
from lstm_dynamics_ros.control.margin import (
    bandwidth_setting,
    bleed_setting,
    low_margin_setting,
    smoothing_setting,
)
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference, Vector
from lstm_dynamics_ros.signals.low_pass import LowPass, phase_margin
import numpy as np

NUDGE = 0.02
"""Change of effort that the model is asked about, as a share of the largest effort."""

AVERAGED_OVER = 0.1
"""Time constant of the average over believable Jacobians [s]; postures change more slowly."""

JUDGED_OVER = 1.0
"""Time constant of their share [s]."""

FEWEST = 5
"""Looks at the model before there is a value."""


@dataclass(frozen=True, kw_only=True)
class JacobianSettings:
    """When a Jacobian is made, and when it is believed."""

    every: int = parameter(
        4, 'Control steps between two looks at the model.', minimum=1, maximum=1000
    )
    largest_condition: float = parameter(
        200.0,
        'Largest ratio of its strongest to its weakest direction that is believed.',
        minimum=1.0,
    )
    trust: float = parameter(
        0.9,
        'Share of those of the last second that must be believable; below, there is no torque.',
        minimum=0.0,
        maximum=1.0,
    )


@final
class InputJacobian:
    """``B = d(velocity one step ahead) / d(effort)`` by finite differences, in one batched peek.

    A physical one is close to ``dt * inverse inertia``, so its symmetric part is positive
    definite. A model trained on nothing but a robot under its own controller has often not learned
    that: there, effort follows from the tracking error, and what effort brings about looks like
    what caused it. Its Jacobian is refused instead of used with a wrong sign; one in a hundred
    that looks right by chance does not help it, because most must.

    Source: U. Forssell, L. Ljung, "Closed-loop identification revisited", Automatica 35(7), 1999,
    on what is not identifiable without excitation from outside.

    Args:
        name: Who needs it, for the message.
        settings: When it is made and believed.
        context: Holds model, card and effort limits.

    Raises:
        ConfigError: If there is no forward model that is fed effort and predicts velocity, or no
            access to it.
    """

    def __init__(self, name: str, settings: JacobianSettings, context: ControlContext) -> None:
        card = needs_forward(name, context)
        if context.model is None:
            raise ConfigError(f'{name} needs access to the model, got none.')
        self._model = context.model
        self._settings = settings
        self._effort = np.arange(len(card.features))[card.columns('effort')]
        self._velocity = card.columns('velocity', of='targets')
        self._nudge = NUDGE * _largest(card, context.effort_limits)
        self._rows = np.zeros((card.n_joints + 1, len(card.features)))
        between = settings.every * context.period
        self._share = -math.expm1(-between / AVERAGED_OVER)
        self._keep = math.exp(-between / JUDGED_OVER)
        self.reset()

    def reset(self) -> None:
        """Forget all of them; the next update looks at the model."""
        self._mean: Matrix | None = None
        self._due = 0
        self._looks = 0
        self._believed, self._judged = 0.0, 0.0

    @property
    def trust(self) -> float:
        """Share of the Jacobians of about the last second that were believable; 0 before any."""
        return self._believed / self._judged if self._judged > 0.0 else 0.0

    @property
    def value(self) -> Matrix | None:
        """Average over the newest Jacobians that were believable [rad/s per N m].

        Shape (n_joints, n_joints), not to be written to; None while too few were.
        """
        trusted = self._looks >= FEWEST and self.trust >= self._settings.trust
        return self._mean if trusted else None

    def update(self) -> Matrix | None:
        """Take one control step, look at the model if it is time to, and return the value."""
        if self._due > 0:
            self._due -= 1
            return self.value
        self._due = self._settings.every - 1
        made = self._look()
        believable = self._believable(made)
        self._looks += 1
        self._believed = self._keep * self._believed + believable
        self._judged = self._keep * self._judged + 1.0
        if believable:
            old = made if self._mean is None else self._mean
            self._mean = old + self._share * (made - old)
        return self.value

    def _look(self) -> Matrix:
        """Return the Jacobian at the newest observation."""
        n = len(self._nudge)
        self._rows[:] = self._model.observation
        self._rows[np.arange(1, n + 1), self._effort] += self._nudge
        velocity = self._model.peek(self._rows)[:, self._velocity]
        made: Matrix = ((velocity[1:] - velocity[0]) / self._nudge[:, None]).T
        return made

    def _believable(self, made: Matrix) -> bool:
        """Return whether a Jacobian is finite, has the right sign and can be inverted."""
        if not np.isfinite(made).all():
            return False
        if not np.linalg.eigvalsh(0.5 * (made + made.T))[0] > 0.0:
            return False
        return bool(np.linalg.cond(made) < self._settings.largest_condition)


def damped_inverse(jacobian: Matrix, damping: float) -> Matrix:
    """Return ``(B' W B + l^2 I)^-1 B' W`` in units in which every joint weighs the same.

    Joints differ a hundredfold in what a torque does, and one damping must fit them all. So it is
    taken for the Jacobian scaled by its diagonal, ``S B S`` with ``S = diag(B)^-1/2``, whose
    diagonal is one; ``W`` is ``S^2`` and the damping is a share of it.

    Source: Y. Nakamura, H. Hanafusa, "Inverse kinematic solutions with singularity robustness for
    robot manipulator control", J. Dynamic Systems, Measurement, and Control 108(3), 1986.

    Args:
        jacobian: B, positive definite in its symmetric part, shape (n, n).
        damping: l; 0 is the inverse.

    Returns:
        Shape (n, n).
    """
    scale = 1.0 / np.sqrt(np.diagonal(jacobian))
    scaled = jacobian * np.outer(scale, scale)
    square = scaled.T @ scaled + damping**2 * np.eye(len(scale))
    inverse: Matrix = np.linalg.solve(square, scaled.T) * np.outer(scale, scale)
    return inverse


def _largest(card: ModelCard, limits: tuple[float | None, ...]) -> Vector:
    """Return the largest effort of each joint; from the training range where no limit is known."""
    names = [signal.name for signal in card.features if signal.kind == 'effort']
    found = []
    for name, limit in zip(names, limits, strict=True):
        seen = card.training_ranges.get(name)
        spread = 0.0 if seen is None else max(abs(seen.minimum), abs(seen.maximum))
        found.append(limit or spread or 1.0)
    return np.array(found)


LEAST_MARGIN = math.pi / 3
"""Phase margin that the low-passed correction must leave [rad]."""


@CONTROLLERS.register('one_step_inversion')
@dataclass(frozen=True, kw_only=True)
class OneStepInversionConfig(ControllerConfig):
    """How fast errors shall vanish, and how fast the correction follows."""

    natural_frequency: float = parameter(
        10.0,
        "How fast tracking errors shall vanish; not faster than the robot's own controller makes "
        'them, with the largest payload.',
        unit='rad/s',
        minimum=0.0,
        maximum=500.0,
        reconfigurable=True,
    )
    damping_ratio: float = parameter(
        2.0,
        'Damping ratio with which they shall vanish.',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )
    bandwidth: float = bandwidth_setting(15.0, 'the correction follows')
    smoothing: float = smoothing_setting(0.01)
    largest_change: float = parameter(
        0.3,
        'Largest torque asked for beyond the one that acts, as a share of the effort limit.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    regularisation: float = parameter(
        0.1,
        'Damping of the inversion: what other joints do to one counts only beyond this share.',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )
    bleed: float = bleed_setting('the correction')
    allow_low_margin: bool = low_margin_setting('a bandwidth that leaves')
    jacobian: JacobianSettings = field(default_factory=JacobianSettings)

    def build(self, context: ControlContext) -> 'OneStepInversion':
        """See the base class."""
        return OneStepInversion(self, context)

    def check(self, context: ControlContext) -> None:
        """Refuse a bandwidth that leaves too little margin.

        Raises:
            ConfigError: If it does, and ``allow_low_margin`` is not set.
        """
        delay = context.latency + context.period
        margin = phase_margin(self.bandwidth, self.smoothing, delay)
        if margin < LEAST_MARGIN and not self.allow_low_margin:
            raise ConfigError(
                f'bandwidth {self.bandwidth:g} rad/s with smoothing {self.smoothing:g} s '
                f'leaves {math.degrees(margin):.0f} degrees of phase margin with '
                f'{1e3 * delay:.1f} ms around the loop, less than 60. Lower one of them or the '
                'latency, or set allow_low_margin.'
            )


@final
class OneStepInversion(Controller):
    """Feedback through a learned model, low-passed; neither prior nor base gains are needed.

    With ``v(k | k-1)`` the prediction of the velocity now, ``e = q_r - q``,
    ``de = dq_r - v(k | k-1)``, and the effort ``tau_0`` that acts::

        v_star = v(k | k-1) + dt (ddq_r + 2 z w de + w^2 e)
        change = (B'WB + l^2 I)^-1 B'W (v_star - v(k+1 | k; tau_0)),    |change| <= rho
        correction = low-pass(correction that acts + change)

    Both velocities are the model's: it has filtered the encoder's noise, and what is left cancels
    in the low-pass. Because the correction is built on the one that really acts, nothing winds up
    while the gate lets less through, or nothing at all.

    One Newton step is enough: over one step the velocity is almost linear in the effort.

    Source: S. Sieberling, Q. P. Chu, J. A. Mulder, "Robust flight control using incremental
    nonlinear dynamic inversion and angular acceleration prediction", J. Guidance, Control, and
    Dynamics 33(6), 2010.
    """

    name: ClassVar[str] = 'one_step_inversion'
    needs_effort = False

    def __init__(self, config: OneStepInversionConfig, context: ControlContext) -> None:
        self.jacobian = InputJacobian('one_step_inversion', config.jacobian, context)
        """What the model says a torque does."""
        config.check(context)
        self._context = context
        limits = context.effort_limits
        self._limits = np.array([math.inf if limit is None else limit for limit in limits])
        self._low_pass = LowPass(len(limits), bandwidth=config.bandwidth)
        self._expected: JointState | None = None
        self._use(config)

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        expected, self._expected = self._expected, given.predicted
        jacobian = self.jacobian.update()
        reference, ahead, now = given.reference, given.predicted, given.measured
        if (
            jacobian is None
            or reference is None
            or ahead is None
            or not follows(expected, now.stamp_ns, self._context.period)
        ):
            return None
        change = damped_inverse(jacobian, self._regularisation) @ (
            self._wanted(reference, now.position, expected.velocity) - ahead.velocity
        )
        wanted = given.applied + np.clip(change, -self._bound, self._bound)
        if not math.isfinite(float(wanted.sum())):
            return None
        return self._low_pass.update(wanted, self._context.period, frozen=given.frozen)

    def reset(self) -> None:
        """See the base class."""
        self._expected = None
        self.jacobian.reset()
        self._low_pass.reset()

    def reconfigure(self, config: ControllerConfig) -> None:
        """See the base class."""
        own = settings_as(OneStepInversionConfig, config)
        own.check(self._context)
        self._use(own)

    def _wanted(self, reference: Reference, position: Vector, velocity: Vector) -> Vector:
        """Return the velocity one step ahead with which the error vanishes as it shall."""
        acceleration = reference.acceleration + self._stiffness * (reference.position - position)
        acceleration += self._damping * (reference.velocity - velocity)
        wanted: Vector = velocity + self._context.period * acceleration
        return wanted

    def _use(self, config: OneStepInversionConfig) -> None:
        self._stiffness = config.natural_frequency**2
        self._damping = 2.0 * config.damping_ratio * config.natural_frequency
        self._regularisation = config.regularisation
        self._bound = np.minimum(config.largest_change * self._limits, np.finfo(np.float64).max)
        self._low_pass.bandwidth = config.bandwidth
        self._low_pass.smoothing = config.smoothing
        self._low_pass.bleed = config.bleed
