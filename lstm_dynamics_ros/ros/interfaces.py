# SPDX-License-Identifier: Apache-2.0
"""Every topic and service of this package, once: name, type and quality of service.

All names are relative or private, so several robots live side by side in namespaces. Predictions
are published RELIABLE, which matches every subscriber; joint states are received BEST_EFFORT,
which matches every publisher. Depth 1 lost 12 % of the grid points at 1 kHz under load, depth 10
lost 0.05 %.
"""

from typing import Any, NamedTuple

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory


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


def _qos(depth: int, *, reliable: bool = True, latched: bool = False) -> QoSProfile:
    return QoSProfile(
        depth=depth,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


# What the robot says.
JOINT_STATES = Topic('joint_states', JointState, _qos(10, reliable=False))
ROBOT_JOINT_STATES = Topic('joint_states', JointState, _qos(10))
"""The same topic as a robot publishes it (``joint_state_broadcaster``, ``sim_node``, player)."""
CLOCK = Topic('/clock', Clock, _qos(10))

# What the robot is told.
REFERENCE = Topic('~/reference', JointTrajectory, _qos(10))
COMMAND = Topic('effort_controller/commands', Float64MultiArray, _qos(1))

# What dynamics_node says.
PREDICTED_JOINT_STATES = Topic('~/predicted_joint_states', JointState, _qos(10))
PREDICTED_TRAJECTORY = Topic('~/predicted_trajectory', JointTrajectory, _qos(10))
PREDICTION_ERROR = Topic('~/prediction_error', JointState, _qos(10))
STATE = Topic('~/state', String, _qos(1, latched=True))
MODEL_INFO = Topic('~/model_info', String, _qos(1, latched=True))
DIAGNOSTICS = Topic('/diagnostics', DiagnosticArray, _qos(1))
ARM = ServiceName('~/arm', SetBool)
RESET = ServiceName('~/reset', Trigger)
RELOAD_MODEL = ServiceName('~/reload_model', Trigger)

# What sim_node says beside its joint states.
ROBOT_REFERENCE = Topic('reference', JointTrajectory, _qos(10))
TRUE_JOINT_STATES = Topic('~/true_joint_states', JointState, _qos(10))
