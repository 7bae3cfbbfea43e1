# SPDX-License-Identifier: Apache-2.0
"""Controllers that are the whole command: computed torque, and PD with gravity compensation."""

from dataclasses import dataclass
from typing import ClassVar, final

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
    per_joint,
    required_prior,
    settings_as,
)
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Vector
import numpy as np


class _WholeCommand(Controller):
    """What both have in common: a rigid-body model, gains per joint, and nothing to forget."""

    full_command: ClassVar[bool] = True
    needs_effort = False

    def __init__(self, config: ControllerConfig, context: ControlContext) -> None:
        self._context = context
        self._prior = required_prior(self.name, context)
        self._gain = self._rate_gain = self._rest = np.zeros(len(context.joint_names))
        self.reconfigure(config)

    def reset(self) -> None:
        """See the base class. There is nothing to forget."""


@CONTROLLERS.register('computed_torque')
@dataclass(frozen=True, kw_only=True)
class ComputedTorqueConfig(ControllerConfig):
    """How the error shall die out."""

    natural_frequency: tuple[float, ...] = parameter(
        (20.0,),
        'Natural frequency of the error: one value, or one per joint.',
        unit='rad/s',
        minimum=0.0,
        maximum=500.0,
        reconfigurable=True,
    )
    damping_ratio: tuple[float, ...] = parameter(
        (1.0,),
        'Damping ratio of the error: one value, or one per joint.',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )

    def build(self, context: ControlContext) -> 'ComputedTorque':
        """See the base class."""
        return ComputedTorque(self, context)


@final
class ComputedTorque(_WholeCommand):
    """``tau = prior(q, dq, ddq_r + 2 z w de + w^2 e)`` with ``e = q_r - q``.

    Source: J. Luh, M. Walker, R. Paul, "Resolved-acceleration control of mechanical
    manipulators", IEEE Trans. Automatic Control 25(3), 1980; B. Siciliano et al., "Robotics:
    modelling, planning and control", 2009, section 8.5.2.
    """

    name: ClassVar[str] = 'computed_torque'

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        reference, now = given.reference, given.measured
        if reference is None:
            return None
        wanted = (
            reference.acceleration
            + self._rate_gain * (reference.velocity - now.velocity)
            + self._gain * (reference.position - now.position)
        )
        return self._prior.torque(now.position, now.velocity, wanted).copy()

    def reconfigure(self, config: ControllerConfig) -> None:
        """See the base class."""
        own = settings_as(ComputedTorqueConfig, config)
        frequency = per_joint('natural_frequency', own.natural_frequency, self._context)
        ratio = per_joint('damping_ratio', own.damping_ratio, self._context)
        self._gain, self._rate_gain = frequency**2, 2.0 * ratio * frequency


@CONTROLLERS.register('pd_gravity')
@dataclass(frozen=True, kw_only=True)
class PdGravityConfig(ControllerConfig):
    """Gains of the feedback."""

    stiffness: tuple[float, ...] = parameter(
        (50.0,),
        'Position gain: one value, or one per joint.',
        unit='N m/rad',
        minimum=0.0,
        reconfigurable=True,
    )
    damping: tuple[float, ...] = parameter(
        (5.0,),
        'Velocity gain: one value, or one per joint.',
        unit='N m s/rad',
        minimum=0.0,
        reconfigurable=True,
    )

    def build(self, context: ControlContext) -> 'PdGravity':
        """See the base class."""
        return PdGravity(self, context)


@final
class PdGravity(_WholeCommand):
    """``tau = K_p e + K_d de + prior(q, 0, 0)`` with ``e = q_r - q``.

    Source: M. Takegaki, S. Arimoto, "A new feedback method for dynamic control of manipulators",
    J. Dynamic Systems, Measurement, and Control 103(2), 1981.
    """

    name: ClassVar[str] = 'pd_gravity'

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        reference, now = given.reference, given.measured
        if reference is None:
            return None
        feedback = self._gain * (reference.position - now.position)
        feedback += self._rate_gain * (reference.velocity - now.velocity)
        return feedback + self._prior.torque(now.position, self._rest, self._rest)

    def reconfigure(self, config: ControllerConfig) -> None:
        """See the base class."""
        own = settings_as(PdGravityConfig, config)
        gain = per_joint('stiffness', own.stiffness, self._context)
        self._rate_gain = per_joint('damping', own.damping, self._context)
        self._gain = gain
