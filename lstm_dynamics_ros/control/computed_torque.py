# SPDX-License-Identifier: Apache-2.0
"""Computed torque: the rigid-body model turns a wanted acceleration into the whole command."""

from dataclasses import dataclass
from typing import ClassVar, final

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
    settings_as,
)
from lstm_dynamics_ros.control.gains import per_joint, required_prior
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Vector


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
class ComputedTorque(Controller):
    """``tau = prior(q, dq, ddq_r + 2 z w de + w^2 e)`` with ``e = q_r - q``.

    Source: J. Luh, M. Walker, R. Paul, "Resolved-acceleration control of mechanical
    manipulators", IEEE Trans. Automatic Control 25(3), 1980; B. Siciliano et al., "Robotics:
    modelling, planning and control", 2009, section 8.5.2.
    """

    full_command: ClassVar[bool] = True
    needs_effort = False

    def __init__(self, config: ComputedTorqueConfig, context: ControlContext) -> None:
        self._context = context
        self._prior = required_prior('computed_torque', context)
        self.reconfigure(config)

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        told, now = given.reference, given.measured
        if told is None:
            return None
        wanted = (
            told.acceleration
            + self._rate_gain * (told.velocity - now.velocity)
            + self._gain * (told.position - now.position)
        )
        return self._prior.torque(now.position, now.velocity, wanted).copy()

    def reset(self) -> None:
        """See the base class. There is nothing to forget."""

    def reconfigure(self, config: ControllerConfig) -> None:
        """See the base class."""
        own = settings_as(ComputedTorqueConfig, config)
        frequency = per_joint('natural_frequency', own.natural_frequency, self._context)
        ratio = per_joint('damping_ratio', own.damping_ratio, self._context)
        self._gain, self._rate_gain = frequency**2, 2.0 * ratio * frequency
