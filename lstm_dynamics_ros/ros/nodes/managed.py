# SPDX-License-Identifier: Apache-2.0
"""Lifecycle nodes that say what went wrong, and start themselves when nobody else will."""

from collections.abc import Callable
import time
from typing import Any, TypeVar

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.ros.nodes.spin import EXIT_REFUSED, RunnableNode
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

N = TypeVar('N', bound='ManagedNode')

DELIVERY_TIME = 0.3
"""Longest wait until the last messages have been delivered [s]."""

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


def reported(
    transition: Callable[[N, LifecycleState], TransitionCallbackReturn],
) -> Callable[[N, LifecycleState], TransitionCallbackReturn]:
    """Report what goes wrong in a lifecycle transition; rclpy would swallow it."""

    def guarded(node: N, state: LifecycleState) -> TransitionCallbackReturn:
        try:
            return transition(node, state)
        except LstmDynamicsError as error:
            node.get_logger().error(str(error))
        except Exception as error:  # noqa: BLE001 - the node must live to say so
            node.get_logger().error(f'{transition.__name__}: {type(error).__name__}: {error}')
        node.release()
        return FAILURE

    return guarded


class ManagedNode(LifecycleNode, RunnableNode):
    """A lifecycle node whose resources live from configure to cleanup."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._destroyers: list[Callable[[], object]] = []
        self._guard_requests()

    def keep(self, destroy: Callable[[], object]) -> None:
        """Call ``destroy`` at cleanup; the last kept goes first."""
        self._destroyers.append(destroy)

    def release(self) -> None:
        """Let go of everything kept."""
        while self._destroyers:
            self._destroyers.pop()()

    def autostart(self) -> None:
        """Configure and activate; a refusal ends the process with its exit code."""
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != SUCCESS:
                self.exit_code = EXIT_REFUSED
                return

    def close(self) -> None:
        """Deactivate, so that late listeners know."""
        if self._state_machine.current_state[1] == 'active':
            self.trigger_deactivate()
        deadline = time.monotonic() + DELIVERY_TIME
        for publisher in self.publishers:  # what was said last is lost if the process ends first
            left = max(0.0, deadline - time.monotonic())
            publisher.wait_for_all_acked(Duration(seconds=left))

    def _guard_requests(self) -> None:
        """Answer impossible transition requests with a refusal; in Jazzy they raise instead.

        Source: ros2/rclpy#1209.
        """
        service = self._service_change_state
        change = service.callback

        def refuse(request: Any, response: Any) -> Any:  # noqa: ANN401
            try:
                return change(request, response)
            except Exception as error:  # noqa: BLE001 - RCLError has no public name
                self.get_logger().error(f'Refused: {str(error).splitlines()[0]}')
                response.success = False
                return response

        service.callback = refuse
