# SPDX-License-Identifier: Apache-2.0
"""Settings of the first switch-on. No ROS in here, so that the command line can read them."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter


@dataclass(frozen=True, kw_only=True)
class SwitchOnSettings:
    """How a correction is switched on."""

    node: str = parameter('/dynamics_node', 'Full name of the node.')
    joint: str = parameter('', 'First joint to get torque; empty takes the last of the model.')
    one_joint: tuple[float, ...] = parameter(
        (0.1, 0.3, 1.0), 'Blends of the steps with that joint alone.', minimum=0.0, maximum=1.0
    )
    all_joints: tuple[float, ...] = parameter(
        (0.1, 0.3, 0.6, 1.0), 'Blends of the steps with all joints.', minimum=0.0, maximum=1.0
    )
    joint_states: str = parameter('joint_states', 'Topic of the joint states.')
    reference: str = parameter('reference', 'Topic of the reference that the robot follows.')
    duration: float = parameter(
        30.0, 'How long each step is watched.', unit='s', minimum=2.0, maximum=3600.0
    )
    settle: float = parameter(
        4.0,
        'Time from a change to the watching, longer than gate.fade_in.',
        unit='s',
        minimum=0.0,
        maximum=60.0,
    )
