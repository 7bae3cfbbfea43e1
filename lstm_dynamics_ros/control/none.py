# SPDX-License-Identifier: Apache-2.0
"""No controller: the node predicts and nothing else."""

from dataclasses import dataclass
from typing import ClassVar, final

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
)


@CONTROLLERS.register('none')
@dataclass(frozen=True, kw_only=True)
class NoneConfig(ControllerConfig):
    """There is nothing to set."""

    def build(self, context: ControlContext) -> 'NoController':  # noqa: ARG002
        """See the base class."""
        return NoController()


@final
class NoController(Controller):
    """Never computes a torque."""

    computes_torque: ClassVar[bool] = False
    needs_reference: ClassVar[bool] = False
    needs_effort = False

    def torque(self, given: ControlInput) -> None:  # noqa: ARG002
        """See the base class."""
        return

    def reset(self) -> None:
        """See the base class. There is nothing to forget."""
