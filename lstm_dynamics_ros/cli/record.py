# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics record`: joint states of a running robot into a bag."""

from dataclasses import dataclass
from pathlib import Path

from lstm_dynamics_ros.core.lazy import load
from lstm_dynamics_ros.ros.nodes.settings import RecorderSettings


@dataclass
class Record:
    """Record joint states, reference and applied command of a running robot into a bag.

    Nothing is lost on Ctrl-C, and at most the last second on kill -9. Plain
    `ros2 bag record /joint_states` bags are as good for training.
    """

    out: Path
    """Folder of the bag to write; it must not exist yet."""
    duration: float = 0.0
    """Stop after so many seconds; 0 records until Ctrl-C [s]."""
    joint_states: str = RecorderSettings().joint_states_topic
    """Topic of the joint states."""
    reference: str = RecorderSettings().reference_topic
    """Topic of the reference (trajectory_msgs/JointTrajectory); empty for none."""
    command: str = RecorderSettings().command_topic
    """Topic of the applied command; empty for none."""

    def run(self) -> int:
        """Run the recorder node until it is done."""
        settings = RecorderSettings(
            output=str(self.out),
            duration=self.duration,
            joint_states_topic=self.joint_states,
            reference_topic=self.reference,
            command_topic=self.command,
        )
        return int(load('lstm_dynamics_ros.ros.nodes.recorder_node').record(settings))
