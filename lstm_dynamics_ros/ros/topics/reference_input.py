# SPDX-License-Identifier: Apache-2.0
"""Takes references off the middleware and hands them to the track."""

from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
from lstm_dynamics_ros.ros.topics.interfaces import REFERENCE
from lstm_dynamics_ros.signals.reference_track import ReferenceTrack
from lstm_dynamics_ros.signals.trajectory_points import RawPoint, RawReference
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos_overriding_options import QoSOverridingOptions
from trajectory_msgs.msg import JointTrajectory


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


class ReferenceInput:
    """The subscription to ``~/reference``. What is wrong with a reference is said once per kind.

    Args:
        node: The node that subscribes.
        track: What takes the references; may be replaced.
    """

    def __init__(self, node: Node, track: ReferenceTrack) -> None:
        self._node = node
        self.track = track
        self._said: set[str] = set()
        self._subscription = node.create_subscription(
            JointTrajectory,
            REFERENCE.name,
            self._on_message,
            REFERENCE.qos,
            # EventsExecutor and Fast DDS may deadlock over event callbacks (rmw_fastrtps#890).
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
            qos_overriding_options=QoSOverridingOptions.with_default_policies(),
        )

    def destroy(self) -> None:
        """Take the subscription off the graph."""
        self._node.destroy_subscription(self._subscription)

    def _on_message(self, message: JointTrajectory) -> None:
        now = int(self._node.get_clock().now().nanoseconds)
        remark = self.track.take(raw_reference(message), now)
        if remark is not None and remark.kind not in self._said:
            self._said.add(remark.kind)
            self._node.get_logger().warning(f'{REFERENCE.name}: {remark.text} Said once.')
