# SPDX-License-Identifier: Apache-2.0
"""Pairs joint states with the reference, on a robot that knows no truth."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.state import JointState, Matrix, RawSample, Stamps, Vector
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
from lstm_dynamics_ros.ros.topics.inputs import raw_reference
from lstm_dynamics_ros.ros.topics.interfaces import JOINT_STATES, REFERENCE
from lstm_dynamics_ros.signals.reference_track import ReferenceTrack
from lstm_dynamics_ros.signals.time_grid import Intake, without_turns
import numpy as np
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile

MOST_WAITING = 1000
"""Joint states that wait for a reference; the two are different topics."""


class StepWatch:
    """Keeps tracking errors and efforts while a step lasts.

    Args:
        node: The node that listens.
        joint_states: Topic of the joint states.
        reference: Topic of the reference.
        joint_names: The joints, by the names the robot has for them.
    """

    def __init__(
        self, node: Node, joint_states: str, reference: str, joint_names: Sequence[str]
    ) -> None:
        self._node = node
        self._intake = Intake(tuple(joint_names), need_velocity=False, need_effort=False)
        self._track = ReferenceTrack(joint_names, (None,) * len(joint_names))
        self._waiting: deque[JointState] = deque(maxlen=MOST_WAITING)
        self._keeping = False
        self.begin()
        quiet = SubscriptionEventCallbacks(use_default_callbacks=False)
        deep = QoSProfile(depth=1000, reliability=JOINT_STATES.qos.reliability)
        node.create_subscription(
            JOINT_STATES.type, joint_states, self._on_state, deep, event_callbacks=quiet
        )
        node.create_subscription(
            REFERENCE.type,
            reference,
            self._on_reference,
            QoSProfile(depth=1000),
            event_callbacks=quiet,
        )

    def begin(self) -> None:
        """Start to keep anew."""
        self._waiting.clear()
        self._stamps: list[int] = []
        self._errors: list[Vector] = []
        self._efforts: list[Vector] = []

    def taken(self) -> tuple[Stamps, Matrix, Matrix]:
        """Return stamps [ns] (n,), errors [rad] or [m] and efforts [N m] or [N] (n, n_joints)."""
        shape = len(self._stamps), len(self._intake.joint_names)
        errors = np.array(self._errors, dtype=np.float64).reshape(shape)
        efforts = np.array(self._efforts, dtype=np.float64).reshape(shape)
        return np.array(self._stamps, dtype=np.int64), errors, efforts

    def _on_state(self, message: Any) -> None:  # noqa: ANN401 - messages have no types
        stamp = stamp_ns(message.header.stamp)
        raw = RawSample(stamp, message.name, message.position, message.velocity, message.effort)
        try:
            state = self._intake.accept(raw)
        except LstmDynamicsError:
            return
        if state is not None:
            self._waiting.append(state)

    def _on_reference(self, message: Any) -> None:  # noqa: ANN401 - messages have no types
        now = int(self._node.get_clock().now().nanoseconds)
        self._track.take(raw_reference(message), now)
        until = stamp_ns(message.header.stamp) or now
        while self._waiting and self._waiting[0].stamp_ns <= until:
            state = self._waiting.popleft()
            reference = self._track.at(state.stamp_ns)
            if reference is not None and (not self._stamps or state.stamp_ns > self._stamps[-1]):
                self._stamps.append(state.stamp_ns)
                self._errors.append(without_turns(reference.position - state.position))
                self._efforts.append(state.effort)
