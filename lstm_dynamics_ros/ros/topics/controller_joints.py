# SPDX-License-Identifier: Apache-2.0
"""Asks those who listen on a topic which joints they drive.

Float64MultiArray names no joints. A controller of ros2_control says them in its parameter
``joints``; so do ``sim_node`` and ``command_watchdog``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
import math
import time

from lstm_dynamics_ros.ros.topics.graph import listeners
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.client import Client
from rclpy.node import Node
from rclpy.task import Future

PARAMETER = 'joints'

FRESH = 3.0
"""Age up to which an answer counts [s]."""

PATIENCE = 1.0
"""Time after which a question is asked again [s]."""


@dataclass
class _Question:
    """What is known of one node."""

    client: Client
    future: Future | None = None
    asked: float = 0.0
    answered: float = -math.inf
    joints: tuple[str, ...] = ()


class ControllerJoints:
    """Keeps what the listeners of a topic say about their joints, without ever waiting.

    A service that is answered by waiting for another one would stop the whole node. So
    :meth:`ask` is called now and then, and :meth:`problem` goes by answers that are still fresh.

    Args:
        node: The node that asks; it does not ask itself.
        topic: The topic, as given to ``create_publisher``.
    """

    def __init__(self, node: Node, topic: str) -> None:
        self._node = node
        self._topic = topic
        self._questions: dict[str, _Question] = {}

    def destroy(self) -> None:
        """Ask nobody any more."""
        for question in self._questions.values():
            self._node.destroy_client(question.client)
        self._questions.clear()

    def ask(self) -> None:
        """Look at what has been answered, and ask all who listen now."""
        now = time.monotonic()
        present = listeners(self._node, self._topic)
        for name in set(self._questions) - present:
            self._node.destroy_client(self._questions.pop(name).client)
        for name in present:
            question = self._questions.get(name)
            if question is None:
                client = self._node.create_client(GetParameters, f'{name}/get_parameters')
                question = self._questions[name] = _Question(client)
            _read(question, now)
            if question.future is None and question.client.service_is_ready():
                question.future = question.client.call_async(
                    GetParameters.Request(names=[PARAMETER])
                )
                question.asked = now

    @property
    def known(self) -> dict[str, tuple[str, ...]]:
        """Joints of each listener that has said them lately, by its full name."""
        now = time.monotonic()
        for question in self._questions.values():
            _read(question, now)
        return {
            name: question.joints
            for name, question in self._questions.items()
            if question.joints and now - question.answered <= FRESH
        }

    def problem(self, wanted: Sequence[str]) -> str:
        """Return why the listeners do not fit, one sentence; empty if they do.

        Args:
            wanted: The joints that are commanded, in any order.
        """
        known = self.known
        if not known:
            if not self._questions:
                return f'Nobody listens on {self._topic}.'
            return (
                f'Which joints listen on {self._topic} is not known: '
                f'{", ".join(sorted(self._questions))} has not answered with its parameter '
                f'{PARAMETER}; set controller_joints if it has none.'
            )
        for name, joints in known.items():
            if sorted(joints) != sorted(wanted):
                return f'{name} drives the joints {list(joints)}, but these are {list(wanted)}.'
        if len(set(known.values())) > 1:
            return f'{" and ".join(known)} have the same joints in another order.'
        return ''


def _read(question: _Question, now: float) -> None:
    """Take over an answer, or give up on a question that got none."""
    future = question.future
    if future is None:
        return
    if future.done():
        answer = future.result()
        question.future = None
        question.answered = now
        question.joints = ()
        if answer is not None and answer.values:
            value = answer.values[0]
            if value.type == ParameterType.PARAMETER_STRING_ARRAY:
                question.joints = tuple(value.string_array_value)
    elif now - question.asked > PATIENCE:
        question.client.remove_pending_request(future)
        question.future = None
