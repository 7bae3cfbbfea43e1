# SPDX-License-Identifier: Apache-2.0
"""Takes joint states and references off the middleware."""

from collections.abc import Callable
import time
from typing import Any

from lstm_dynamics_ros.core.state import NANOSECONDS, RawSample
from lstm_dynamics_ros.ros.topics.conversions import raw_sample, stamp_ns
from lstm_dynamics_ros.ros.topics.interfaces import JOINT_STATES, REFERENCE, Topic
from lstm_dynamics_ros.signals.reference_track import ReferenceTrack
from lstm_dynamics_ros.signals.trajectory_points import RawPoint, RawReference
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.qos_overriding_options import QoSOverridingOptions
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory

LARGEST_BATCH = 2000
"""Messages taken at once; more wait for the next round."""

Taker = Callable[[list[RawSample], int], None]
"""Gets the samples that waited, and when the last was received [ns, wall clock].

The middleware knows when it received a message, but EventsExecutor of rclpy 7.1.6 fails on
callbacks that ask for it. So of a message that came alone it is when its callback began.
"""


class _Input:
    """A subscription whose quality of service can be overridden by parameters."""

    def __init__(self, node: Node, topic: Topic, callback: Callable[[Any], None]) -> None:
        self._node = node
        options = QoSOverridingOptions.with_default_policies()
        self._subscription = topic.subscription(node, callback, qos_overriding_options=options)

    @property
    def qos(self) -> QoSProfile:
        """The quality of service that is asked for."""
        return self._subscription.qos_profile

    def destroy(self) -> None:
        """Take the subscription off the graph."""
        self._node.destroy_subscription(self._subscription)


class JointStateInput(_Input):
    """The subscription to ``joint_states``: takes everything that waits, at once and in order.

    Both executors call back once per message; the first callback of a burst takes the rest of it
    along, so that a burst is stepped in order and published once.

    Args:
        node: The node that subscribes.
        taker: Called with what has come.
    """

    def __init__(self, node: Node, taker: Taker) -> None:
        self._taker = taker
        self._warned = False
        self.skew: float | None = None
        """Newest stamp minus the node's clock when it came [s]; None before the first."""
        super().__init__(node, JOINT_STATES, self._on_message)

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
        if not self._warned:
            self._warned = True
            self._node.get_logger().warning(
                f'{JOINT_STATES.name} has no stamps. Using the time of receipt, which jitters.'
            )
        return sample._replace(stamp_ns=received)


def raw_reference(message: JointTrajectory) -> RawReference:
    """Return a JointTrajectory message as a raw reference, without copying its arrays."""
    return RawReference(
        stamp_ns(message.header.stamp),
        message.joint_names,
        [
            RawPoint(
                point.time_from_start.sec * NANOSECONDS + point.time_from_start.nanosec,
                point.positions,
                point.velocities,
                point.accelerations,
            )
            for point in message.points
        ],
    )


class ReferenceInput(_Input):
    """The subscription to ``~/reference``. What is wrong with a reference is said once per kind.

    Args:
        node: The node that subscribes.
        track: What takes the references; may be replaced.
    """

    def __init__(self, node: Node, track: ReferenceTrack) -> None:
        self.track = track
        self._warned: set[str] = set()
        super().__init__(node, REFERENCE, self._on_message)

    def _on_message(self, message: JointTrajectory) -> None:
        now = int(self._node.get_clock().now().nanoseconds)
        remark = self.track.take(raw_reference(message), now)
        if remark is not None and remark.kind not in self._warned:
            self._warned.add(remark.kind)
            self._node.get_logger().warning(f'{REFERENCE.name}: {remark.text} Said once.')
