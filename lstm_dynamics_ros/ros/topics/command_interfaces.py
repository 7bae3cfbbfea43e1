# SPDX-License-Identifier: Apache-2.0
"""Topics and services on the way of a command; all others are in ``interfaces.py``.

They are here so that ``command_watchdog`` needs no message package that brings numpy along.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.subscription import Subscription
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger

ARMED_ANEW = 'armed_anew'
"""Label of the layout of commands that follow the arming by a person. Controllers ignore it."""


class Topic(NamedTuple):
    """One topic."""

    name: str
    """Relative, private (``~/``) or, where ROS fixes it, absolute name."""
    type: Any
    """Message class."""
    qos: QoSProfile

    # EventsExecutor and Fast DDS may deadlock over event callbacks (rmw_fastrtps#890), so none.

    def publisher(self, node: Node, name: str = '') -> Publisher:
        """Make a publisher, under another name if one is given."""
        quiet = PublisherEventCallbacks(use_default_callbacks=False)
        return node.create_publisher(self.type, name or self.name, self.qos, event_callbacks=quiet)

    def subscription(
        self,
        node: Node,
        callback: Callable[[Any], None],
        name: str = '',
        **options: Any,  # noqa: ANN401
    ) -> Subscription:
        """Make a subscription, under another name if one is given.

        Args:
            node: The node that subscribes.
            callback: Takes the messages.
            name: The other name.
            options: See ``create_subscription``.
        """
        quiet = SubscriptionEventCallbacks(use_default_callbacks=False)
        return node.create_subscription(
            self.type, name or self.name, callback, self.qos, event_callbacks=quiet, **options
        )


class ServiceName(NamedTuple):
    """One service."""

    name: str
    type: Any
    """Service class."""


def quality(depth: int, *, reliable: bool = True, latched: bool = False) -> QoSProfile:
    """Return a quality of service that keeps the last ``depth`` messages."""
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


JOINT_STATE_QOS = quality(10, reliable=False)
"""What is asked for of joint states: it matches every publisher."""

COMMAND = Topic('effort_controller/commands', Float64MultiArray, quality(1))
WATCHED_COMMAND = Topic('~/input', Float64MultiArray, quality(1))
"""What ``command_watchdog`` lets through to :data:`COMMAND`."""
STATE = Topic('~/state', String, quality(1, latched=True))
DIAGNOSTICS = Topic('/diagnostics', DiagnosticArray, quality(1))
RESET = ServiceName('~/reset', Trigger)
