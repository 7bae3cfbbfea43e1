# SPDX-License-Identifier: Apache-2.0
"""The torque with which a forward model says the robot would do what it is told."""

from dataclasses import dataclass, field
import math
from typing import final

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
    settings_as,
)
from lstm_dynamics_ros.control.jacobian import damped_inverse, InputJacobian, JacobianSettings
from lstm_dynamics_ros.control.model_disturbance import follows
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.reference import Reference
from lstm_dynamics_ros.core.state import JointState, Vector
from lstm_dynamics_ros.signals.low_pass import LowPass, phase_margin
import numpy as np

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
    bandwidth: float = parameter(
        15.0,
        'How fast the correction follows; faster is rougher.',
        unit='rad/s',
        minimum=0.0,
        maximum=500.0,
        reconfigurable=True,
    )
    smoothing: float = parameter(
        0.01,
        'Time constant of a second low-pass, against encoder noise; 0 is without.',
        unit='s',
        minimum=0.0,
        maximum=0.1,
        reconfigurable=True,
    )
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
    bleed: float = parameter(
        0.5,
        'How fast the correction decays while it is frozen, e.g. in contact.',
        unit='1/s',
        minimum=0.0,
        maximum=100.0,
        reconfigurable=True,
    )
    allow_low_margin: bool = parameter(
        default=False,
        description='Accepts a bandwidth that leaves less than 60 degrees of phase margin.',
    )
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

    With ``v(k | k-1)`` what the model had said about the velocity now, ``e = q_r - q``,
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
        told, ahead, now = given.reference, given.predicted, given.measured
        if (
            jacobian is None
            or told is None
            or ahead is None
            or not follows(expected, now.stamp_ns, self._context.period)
        ):
            return None
        change = damped_inverse(jacobian, self._regularisation) @ (
            self._wanted(told, now.position, expected.velocity) - ahead.velocity
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

    def _wanted(self, told: Reference, position: Vector, velocity: Vector) -> Vector:
        """Return the velocity one step ahead with which the error vanishes as it shall."""
        acceleration = told.acceleration + self._stiffness * (told.position - position)
        acceleration += self._damping * (told.velocity - velocity)
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
