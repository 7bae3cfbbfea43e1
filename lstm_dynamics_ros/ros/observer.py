# SPDX-License-Identifier: Apache-2.0
"""Listens to robot and node at full rate, cheaply: messages are kept raw and decoded later."""

from dataclasses import dataclass
import json
import time
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from lstm_dynamics_ros.ros import interfaces
from lstm_dynamics_ros.ros.conversions import stamp_ns
from lstm_dynamics_ros.ros.diagnostics import as_table
from lstm_dynamics_ros.state import Matrix, NANOSECONDS, Stamps
import numpy as np
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState
from std_msgs.msg import String

DEPTH = 5000
"""Messages that may wait."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Joint states of one topic. Matrices have shape (n, n_joints), NaN where absent."""

    joint_names: tuple[str, ...]
    stamp_ns: Stamps
    """Header stamps [ns], shape (n,)."""
    arrival: Matrix
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
    def seconds(self) -> Matrix:
        """Stamps relative to the first [s], shape (n,)."""
        seconds: Matrix = (self.stamp_ns - self.stamp_ns[0]) / NANOSECONDS
        return seconds


class _Kept(NamedTuple):
    arrival: float
    raw: bytes


class Observer:
    """Keeps what comes on a few topics.

    Args:
        node: The node that listens.
        source: Name of the node that predicts.
        robot: Name of the node that is the robot.
    """

    def __init__(
        self, node: Node, source: str = '/dynamics_node', robot: str = '/sim_node'
    ) -> None:
        self._node = node
        self._kept: dict[str, list[_Kept]] = {}
        self.state: dict[str, str] = {'state': 'unknown', 'reason': ''}
        """Newest content of ``~/state``."""
        self.diagnostics: dict[str, dict[str, str]] = {}
        """Newest values of ``/diagnostics``, by part of the node."""
        for name, topic in (
            ('measured', interfaces.ROBOT_JOINT_STATES),
            ('predicted', interfaces.PREDICTED_JOINT_STATES),
            ('truth', interfaces.TRUE_JOINT_STATES),
        ):
            owner = robot if name == 'truth' else source
            self._keep(name, topic.name.replace('~', owner))
        self._listen(interfaces.STATE, source, self._on_state)
        self._listen(interfaces.DIAGNOSTICS, source, self._on_diagnostics)

    def forget(self) -> None:
        """Start to keep anew."""
        for kept in self._kept.values():
            kept.clear()

    def count(self, name: str) -> int:
        """Return how many messages of a stream were kept."""
        return len(self._kept[name])

    def newest(self, name: str, back: int = 1) -> JointState | None:
        """Return one of the newest messages of a stream, decoded."""
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

    def _keep(self, name: str, topic: str) -> None:
        kept = self._kept[name] = []

        def keep(raw: bytes) -> None:
            kept.append(_Kept(time.monotonic(), raw))

        self._node.create_subscription(
            JointState,
            topic,
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
        self.diagnostics = as_table(message.status)
