# SPDX-License-Identifier: Apache-2.0
"""PD feedback with gravity compensation, as the whole command."""

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
import numpy as np


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
class PdGravity(Controller):
    """``tau = K_p e + K_d de + prior(q, 0, 0)`` with ``e = q_r - q``.

    Source: M. Takegaki, S. Arimoto, "A new feedback method for dynamic control of manipulators",
    J. Dynamic Systems, Measurement, and Control 103(2), 1981.
    """

    full_command: ClassVar[bool] = True
    needs_effort = False

    def __init__(self, config: PdGravityConfig, context: ControlContext) -> None:
        self._context = context
        self._prior = required_prior('pd_gravity', context)
        self._rest = np.zeros(len(context.joint_names))
        self.reconfigure(config)

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        told, now = given.reference, given.measured
        if told is None:
            return None
        feedback = self._stiffness * (told.position - now.position)
        feedback += self._damping * (told.velocity - now.velocity)
        return feedback + self._prior.torque(now.position, self._rest, self._rest)

    def reset(self) -> None:
        """See the base class. There is nothing to forget."""

    def reconfigure(self, config: ControllerConfig) -> None:
        """See the base class."""
        own = settings_as(PdGravityConfig, config)
        stiffness = per_joint('stiffness', own.stiffness, self._context)
        self._damping = per_joint('damping', own.damping, self._context)
        self._stiffness = stiffness
