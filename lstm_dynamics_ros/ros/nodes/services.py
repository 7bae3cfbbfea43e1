# SPDX-License-Identifier: Apache-2.0
"""``~/arm``, ``~/reset`` and ``~/reload_model``: there from the start, and answered in words."""

from collections.abc import Callable
from typing import TypeVar

from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.topics.interfaces import ARM, RELOAD_MODEL, RESET
from rclpy.node import Node
from std_srvs.srv import SetBool, Trigger

R = TypeVar('R', SetBool.Response, Trigger.Response)


class Services:
    """What people ask of dynamics_node. A refusal is an answer, too.

    Args:
        node: The node.
        engine: Returns the model at work; None without.
        arm: Allows torque and returns what a person should read.
        reload_model: Uses the model file as it is now and returns what a person should read.
        announce: Called after every answer.
    """

    def __init__(
        self,
        node: Node,
        engine: Callable[[], Engine | None],
        arm: Callable[[], str],
        reload_model: Callable[[Engine], str],
        announce: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._arm = arm
        self._reload_model = reload_model
        self._announce = announce
        node.create_service(ARM.type, ARM.name, self._on_arm)
        node.create_service(RESET.type, RESET.name, self._on_reset)
        node.create_service(RELOAD_MODEL.type, RELOAD_MODEL.name, self._on_reload_model)

    def _on_arm(self, request: SetBool.Request, response: SetBool.Response) -> SetBool.Response:
        """Allow or forbid torque. Forbidding is never refused."""
        if self._engine() is None and not request.data:
            response.success, response.message = True, 'Disarmed: there is no model yet.'
            return response
        return self._answer(response, (lambda _: self._arm()) if request.data else _disarm)

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Forget the past, and a fault."""
        return self._answer(response, _start_over)

    def _on_reload_model(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Use the model file as it is now; keep the old model if any check fails."""
        return self._answer(response, self._reload_model)

    def _answer(self, response: R, act: Callable[[Engine], str]) -> R:
        """Do what was asked."""
        engine = self._engine()
        try:
            if engine is None:
                raise ConfigError('There is no model yet; configure the node first.')
            response.message = act(engine)
            response.success = True
        except LstmDynamicsError as error:
            response.message = str(error)
            response.success = False
        self._announce()
        return response


def _disarm(engine: Engine) -> str:
    engine.pipeline.disarm()
    return 'Disarmed.'


def _start_over(engine: Engine) -> str:
    engine.start_over()
    return 'The model starts over.'
