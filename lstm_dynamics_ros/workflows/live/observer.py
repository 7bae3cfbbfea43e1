# SPDX-License-Identifier: Apache-2.0
"""Listens to robot and node at full rate, cheaply: messages are kept raw and decoded later."""

from collections.abc import Sequence
from dataclasses import dataclass
import json
import time
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from lstm_dynamics_ros.core.state import Matrix, NANOSECONDS, Stamps, Vector
from lstm_dynamics_ros.ros.nodes.diagnostics import as_table
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
import numpy as np
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import String

DEPTH = 5000
"""Messages that may wait."""

FORWARD_NODE = '/dynamics_node'
"""Name of the node that predicts."""

ROBOT_NODE = '/sim_node'
"""Name of the node that is the robot."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Joint states of one topic. Matrices have shape (n, n_joints), NaN where absent."""

    joint_names: tuple[str, ...]
    stamp_ns: Stamps
    """Header stamps [ns], shape (n,)."""
    arrival: Vector
    """When each came, on a steady clock [s], shape (n,)."""
    position: Matrix
    velocity: Matrix
    effort: Matrix

    def __len__(self) -> int:
        return len(self.stamp_ns)

    @property
    def rate(self) -> float:
        """Messages per second by their arrival [Hz]; 0 for less than two."""
        if len(self) < 2:
            return 0.0
        return float((len(self) - 1) / (self.arrival[-1] - self.arrival[0]))

    @property
    def seconds(self) -> Vector:
        """Stamps relative to the first [s], shape (n,)."""
        seconds: Vector = (self.stamp_ns - self.stamp_ns[0]) / NANOSECONDS
        return seconds


class Kept(NamedTuple):
    """A message as it came."""

    arrival: float
    """When, on a steady clock [s]."""
    raw: bytes


class Observer:
    """Keeps what comes on a few topics.

    Args:
        node: The node that listens.
        source: Name of the node that predicts.
        robot: Name of the node that is the robot.
    """

    def __init__(self, node: Node, source: str = FORWARD_NODE, robot: str = ROBOT_NODE) -> None:
        self._node = node
        self._label = source.strip('/')
        self._kept: dict[str, list[Kept]] = {}
        self.state: dict[str, Any] = {'state': 'unknown', 'reason': ''}
        """Newest content of ``~/state``."""
        self.diagnostics: dict[str, dict[str, str]] = {}
        """Newest values of ``/diagnostics``, by part of the node."""
        for name, topic, owner in (
            ('measured', interfaces.ROBOT_JOINT_STATES, robot),
            ('predicted', interfaces.PREDICTED_JOINT_STATES, source),
            ('truth', interfaces.TRUE_JOINT_STATES, robot),
            ('reference', interfaces.ROBOT_REFERENCE, robot),
            ('command', interfaces.COMMAND, robot),
        ):
            self._keep(name, topic, owner)
        self._listen(interfaces.STATE, source, self._on_state)
        self._listen(interfaces.DIAGNOSTICS, source, self._on_diagnostics)

    def forget(self) -> None:
        """Start to keep anew."""
        for kept in self._kept.values():
            kept.clear()

    def count(self, name: str) -> int:
        """Return how many messages of a stream were kept."""
        return len(self._kept[name])

    def kept(self, name: str, begin: int = 0) -> Sequence[Kept]:
        """Return the messages of a stream as they came, from the given one on."""
        return self._kept[name][begin:]

    def newest(self, name: str, back: int = 1) -> JointState | None:
        """Return one of the newest messages of a stream of joint states, decoded."""
        kept = self._kept[name]
        return deserialize_message(kept[-back].raw, JointState) if len(kept) >= back else None

    def stream(self, name: str) -> Stream:
        """Return all that was kept of ``measured``, ``predicted`` or ``truth``."""
        kept = list(self._kept[name])
        messages = [deserialize_message(item.raw, JointState) for item in kept]
        names = tuple(messages[0].name) if messages else ()

        def column(part: str) -> Matrix:
            absent = [np.nan] * len(names)
            rows = [getattr(message, part) or absent for message in messages]
            return np.array(rows, dtype=np.float64).reshape(len(messages), len(names))

        return Stream(
            joint_names=names,
            stamp_ns=np.array([stamp_ns(m.header.stamp) for m in messages], dtype=np.int64),
            arrival=np.array([item.arrival for item in kept]),
            position=column('position'),
            velocity=column('velocity'),
            effort=column('effort'),
        )

    def commands(self) -> tuple[Vector, Matrix]:
        """Return when commands came [s] (n,) and what they were [N m] or [N] (n, n_joints)."""
        kept = list(self._kept['command'])
        rows = [deserialize_message(item.raw, interfaces.COMMAND.type).data for item in kept]
        arrival = np.array([item.arrival for item in kept])
        return arrival, np.array(rows, dtype=np.float64).reshape(len(kept), -1)

    def _keep(self, name: str, topic: interfaces.Topic, owner: str) -> None:
        kept = self._kept[name] = []

        def keep(raw: bytes) -> None:
            kept.append(Kept(time.monotonic(), raw))

        self._node.create_subscription(
            topic.type,
            topic.name.replace('~', owner),
            keep,
            QoSProfile(depth=DEPTH),
            raw=True,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )

    def _listen(self, topic: interfaces.Topic, source: str, callback: Any) -> None:  # noqa: ANN401
        self._node.create_subscription(
            topic.type,
            topic.name.replace('~', source),
            callback,
            topic.qos,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )

    def _on_state(self, message: String) -> None:
        self.state = json.loads(message.data)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        own = [s for s in message.status if s.name.startswith(f'{self._label}: ')]
        if own:
            self.diagnostics = as_table(own)
