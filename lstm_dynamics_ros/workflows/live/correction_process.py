# SPDX-License-Identifier: Apache-2.0
"""A dynamics_node that corrects an embedded robot, in a process of its own, and its arming."""

from collections.abc import Mapping
import json
from pathlib import Path
import time
from typing import Any

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.ros.topics.interfaces import ARM, COMMAND, REFERENCE, ROBOT_REFERENCE, STATE
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.workflows.live.processes import last_lines, Processes
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.task import Future

NAME = 'correction_node'
"""Name of the node, beside that of a ``dynamics_node`` that only predicts."""

SHARE_OF_LIMIT = 0.6
"""Clamp, as a share of the effort limits: to hold its largest payload the sixth joint of the arm
needs 0.57, and the default of 0.3 would be reached."""

ON_A_BUSY_MACHINE: Mapping[str, object] = {
    'state_timeout': 1.0,
    'armed_timeout': 1.0,
    'stall_timeout': 1.0,
    'reference_timeout': 0.5,
    'arming.max_load': 1.0,
    'qos_overrides./joint_states.subscription.reliability': 'reliable',
    'qos_overrides./joint_states.subscription.depth': 1000,
}
"""Lets joint states come late instead of never, and torque outlast it: robot, node and observer
share a machine without real-time priority, and an embedded robot drops old commands by itself."""

RETRY = 0.5
"""Time after which a refused or unanswered request is made again [s]."""

ANSWER = 2.0
"""Time after which a request counts as unanswered [s]: one before discovery ends gets lost."""


class CorrectionProcess:
    """Starts the node, hears its state, and arms it.

    Args:
        node: The node here that listens and asks.
        processes: Where the process runs.
        robot: The robot, whose limits become parameters of the node.
        model: Model file that the correction is made from.
        parameters: Parameters of the node, beside those of a sink that adds.
    """

    def __init__(
        self,
        node: Node,
        processes: Processes,
        robot: RobotDescription,
        model: Path,
        parameters: Mapping[str, object],
    ) -> None:
        self._processes = processes
        limits = {
            'lower': robot.lower,
            'upper': robot.upper,
            'velocity': robot.velocity_limit,
            'effort': robot.effort_limit,
        }
        processes.start(
            'dynamics_node',
            {
                'model': model,
                'command_topic': COMMAND.name,
                'command_mode': 'correction',
                'sink_adds': True,
                'gate.blend': 1.0,
                'gate.max_effort_fraction': SHARE_OF_LIMIT,
                **ON_A_BUSY_MACHINE,
                **{f'limits.{name}': values.tolist() for name, values in limits.items()},
                **parameters,
            },
            '-r',
            f'{REFERENCE.name}:=/{ROBOT_REFERENCE.name}',
            label=NAME,
        )
        self.state: dict[str, Any] = {'state': 'unknown', 'reason': ''}
        """Newest content of ``~/state``."""
        node.create_subscription(
            STATE.type,
            STATE.name.replace('~', f'/{NAME}'),
            self._on_state,
            STATE.qos,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )
        self._client = node.create_client(ARM.type, ARM.name.replace('~', f'/{NAME}'))
        self._future: Future | None = None
        self._asked = 0.0
        self._refusal = ''
        self.refusals = 0
        """How often arming was refused."""

    @property
    def ready(self) -> bool:
        """Whether the model is warm, so that the correction is computed and scored."""
        return bool(self.state['state'] == 'monitoring') and self._client.service_is_ready()

    @property
    def shadow(self) -> float | None:
        """Share of the disturbance that the correction would have taken away; None if unknown."""
        score = self.state.get('shadow')
        return None if score is None else score['overall']

    def arm(self, patience: float, since: float) -> bool:
        """Ask to be armed, again if refused; to be called while spinning until it is true.

        Args:
            patience: Longest time to ask [s].
            since: When asking began, on the steady clock [s].

        Raises:
            DataError: If it is still refused then, with the last refusal.
        """
        now = time.monotonic()
        if self._future is not None and self._future.done():
            answer = self._future.result()
            self._future = None
            if answer.success:
                return True
            self._refusal = answer.message
            self.refusals += 1
        if self.state['state'] == 'armed':  # its answer got lost
            return True
        if now - since > patience:
            raise DataError(f'The correction could not be armed. {self._refusal or self.why()}')
        waited = now - self._asked
        if waited > ANSWER or (self._future is None and waited > RETRY):
            self._future = self._client.call_async(ARM.type.Request(data=True))
            self._asked = now
        return False

    def check(self) -> None:
        """Raise :class:`DataError` if it is armed no more."""
        if self.state['state'] != 'armed':
            raise DataError(f'The correction was revoked. {self.why()}')

    def why(self) -> str:
        """Return what the node says about itself."""
        reasons = [
            str(self.state.get(key) or '') for key in ('reason', 'revoked_because', 'remark')
        ]
        output = last_lines(self._processes, (NAME,))
        text = ' '.join(reason for reason in (*reasons, output) if reason)
        return f'{NAME} is {self.state["state"]}. {text}'.strip()

    def _on_state(self, message: Any) -> None:  # noqa: ANN401 - messages have no types
        self.state = json.loads(message.data)
