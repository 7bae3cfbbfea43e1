# SPDX-License-Identifier: Apache-2.0
"""Takes joint states off the middleware: everything that waits, at once and in order."""

from collections.abc import Callable
import time
from typing import Any

from lstm_dynamics_ros.core.state import NANOSECONDS, RawSample
from lstm_dynamics_ros.ros.topics.conversions import raw_sample
from lstm_dynamics_ros.ros.topics.interfaces import JOINT_STATES
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import JointState

LARGEST_BATCH = 2000
"""Messages taken at once; more wait for the next round."""

Taker = Callable[[list[RawSample], int], None]
"""Gets the samples that waited, and when the last was received [ns, wall clock].

The middleware knows when it received a message, but EventsExecutor of rclpy 7.1.6 fails on
callbacks that ask for it. So of a message that came alone it is when its callback began.
"""


class JointStateInput:
    """The subscription to ``joint_states``.

    Both executors call back once per message; the first callback of a burst takes the rest of it
    along, so that a burst is stepped in order and published once.

    Args:
        node: The node that subscribes.
        taker: Called with what has come.
    """

    def __init__(self, node: Node, taker: Taker) -> None:
        self._node = node
        self._taker = taker
        self._told = False
        self.skew: float | None = None
        """Newest stamp minus the node's clock when it came [s]; None before the first."""
        self._subscription = node.create_subscription(
            JointState,
            JOINT_STATES.name,
            self._on_message,
            JOINT_STATES.qos,
            # EventsExecutor and Fast DDS may deadlock over event callbacks (rmw_fastrtps#890).
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    @property
    def qos(self) -> QoSProfile:
        """The quality of service that is asked for."""
        return self._subscription.qos_profile

    def destroy(self) -> None:
        """Take the subscription off the graph."""
        self._node.destroy_subscription(self._subscription)

    def simulated_time(self) -> int | None:
        """Return the time on ``/clock`` [ns], 0 before there is any; None on system time."""
        clock: Any = self._node.get_clock()
        return int(clock.now().nanoseconds) if clock.ros_time_is_active else None

    def _on_message(self, message: JointState) -> None:
        received = time.time_ns()
        batch = [self._sample(message, received)]
        take = self._subscription.handle.take_message
        while len(batch) < LARGEST_BATCH:
            waiting = take(JointState, False)
            if waiting is None:
                break
            message, info = waiting
            received = info['received_timestamp']
            batch.append(self._sample(message, received))
        now = self._node.get_clock().now().nanoseconds
        self.skew = (batch[-1].stamp_ns - now) / NANOSECONDS
        self._taker(batch, received)

    def _sample(self, message: JointState, received: int) -> RawSample:
        sample = raw_sample(message)
        if sample.stamp_ns or self.simulated_time() is not None:
            return sample
        if not self._told:
            self._told = True
            self._node.get_logger().warning(
                f'{JOINT_STATES.name} has no stamps. Using the time of receipt, which jitters.'
            )
        return sample._replace(stamp_ns=received)
