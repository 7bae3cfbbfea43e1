# SPDX-License-Identifier: Apache-2.0
"""Topics and services on the way of a command; all others are in ``interfaces.py``.

They are here so that ``command_watchdog`` needs no message package that brings numpy along.
"""

from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
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


COMMAND = Topic('effort_controller/commands', Float64MultiArray, quality(1))
WATCHED_COMMAND = Topic('~/input', Float64MultiArray, quality(1))
"""What ``command_watchdog`` lets through to :data:`COMMAND`."""
STATE = Topic('~/state', String, quality(1, latched=True))
DIAGNOSTICS = Topic('/diagnostics', DiagnosticArray, quality(1))
RESET = ServiceName('~/reset', Trigger)
