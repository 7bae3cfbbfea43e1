# SPDX-License-Identifier: Apache-2.0
"""Every topic and service of this package, once: name, type and quality of service.

All names are relative or private, so several robots live side by side in namespaces. Predictions
are published RELIABLE, which matches every subscriber; joint states are received BEST_EFFORT,
which matches every publisher. Depth 1 lost 12 % of the grid points at 1 kHz under load, depth 10
lost 0.05 %.
"""

from lstm_dynamics_ros.ros.topics.command_interfaces import (
    COMMAND,
    DIAGNOSTICS,
    JOINT_STATE_QOS,
    quality,
    RESET,
    ServiceName,
    STATE,
    Topic,
    WATCHED_COMMAND,
)
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger
from trajectory_msgs.msg import JointTrajectory

__all__ = [
    'ARM',
    'CLOCK',
    'COMMAND',
    'COMMAND_TRAJECTORY',
    'DIAGNOSTICS',
    'JOINT_STATES',
    'MODEL_INFO',
    'PREDICTED_JOINT_STATES',
    'PREDICTED_TRAJECTORY',
    'PREDICTION_BOUNDS',
    'PREDICTION_ERROR',
    'REFERENCE',
    'RELOAD_MODEL',
    'RESET',
    'ROBOT_DESCRIPTION',
    'ROBOT_JOINT_STATES',
    'ROBOT_REFERENCE',
    'STATE',
    'TRUE_JOINT_STATES',
    'WATCHED_COMMAND',
    'ServiceName',
    'Topic',
]

# Of the robot.
JOINT_STATES = Topic('joint_states', JointState, JOINT_STATE_QOS)
ROBOT_JOINT_STATES = Topic('joint_states', JointState, quality(10))
"""The same topic as a robot publishes it (``joint_state_broadcaster``, ``sim_node``, player)."""
CLOCK = Topic('/clock', Clock, quality(10))

ROBOT_DESCRIPTION = Topic('robot_description', String, quality(1, latched=True))
"""URDF, as robot_state_publisher publishes it."""

# Where the robot should go.
REFERENCE = Topic('~/reference', JointTrajectory, quality(10))
COMMAND_TRAJECTORY = Topic(
    'joint_trajectory_controller/joint_trajectory', JointTrajectory, quality(1)
)

# Of dynamics_node.
PREDICTED_JOINT_STATES = Topic('~/predicted_joint_states', JointState, quality(10))
PREDICTED_TRAJECTORY = Topic('~/predicted_trajectory', JointTrajectory, quality(10))
PREDICTION_BOUNDS = Topic('~/prediction_bounds', JointState, quality(10))
PREDICTION_ERROR = Topic('~/prediction_error', JointState, quality(10))
MODEL_INFO = Topic('~/model_info', String, quality(1, latched=True))
ARM = ServiceName('~/arm', SetBool)
RELOAD_MODEL = ServiceName('~/reload_model', Trigger)

# Of sim_node, beside its joint states.
ROBOT_REFERENCE = Topic('reference', JointTrajectory, quality(10))
TRUE_JOINT_STATES = Topic('~/true_joint_states', JointState, quality(10))
