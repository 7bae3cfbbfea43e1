# SPDX-License-Identifier: Apache-2.0
"""Records joint states, with reference and command beside them, into a bag.

Messages are written as they came, undecoded. What has come is on disk within a second, so that
even ``kill -9`` costs no more than the last second.
"""

from collections.abc import Sequence
from pathlib import Path
import time
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.core.parameters import leaves
from lstm_dynamics_ros.data.bags.recorder import BagStream
from lstm_dynamics_ros.ros.nodes.settings import RecorderSettings
from lstm_dynamics_ros.ros.nodes.spin import run, RunnableNode
from lstm_dynamics_ros.ros.topics.command_interfaces import quality, Topic
from lstm_dynamics_ros.ros.topics.declare import as_parameter_value, Parameters
from lstm_dynamics_ros.ros.topics.graph import JOINT_STATE_TYPE, why_silent
from rclpy.parameter import Parameter
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

DEPTH = 2000
"""Messages that may wait while the disk is slow: two seconds at 1 kHz."""

TYPES: dict[str, Any] = {
    JOINT_STATE_TYPE: JointState,
    'std_msgs/msg/Float64MultiArray': Float64MultiArray,
    'trajectory_msgs/msg/JointTrajectory': JointTrajectory,
}

LOOK_PERIOD = 0.1
"""Time between two looks for topics that have appeared [s]."""

REPORT_PERIOD = 5.0
"""Time between two reports [s]."""


class RecorderNode(RunnableNode):
    """Subscribes to each wanted topic once somebody publishes it, and writes what comes."""

    def __init__(self, settings: RecorderSettings | None = None) -> None:
        given = leaves(settings) if settings is not None else ()
        super().__init__(
            'recorder_node',
            parameter_overrides=[
                Parameter(leaf.name, value=as_parameter_value(leaf.value)) for leaf in given
            ],
        )
        self._settings = Parameters(self, RecorderSettings()).settings
        self.executor_name = self._settings.executor
        if not self._settings.output:
            raise ConfigError('The parameter output is empty. Give the folder of the new bag.')
        if Path(self._settings.output).exists():
            raise ConfigError(f'{self._settings.output} exists already. Choose another folder.')
        self._wanted = [
            self.resolve_topic_name(topic)
            for topic in (
                self._settings.joint_states_topic,
                self._settings.reference_topic,
                self._settings.command_topic,
            )
            if topic
        ]
        self._counts: dict[str, int] = {}
        self._stream: BagStream | None = None
        self._begin = self._reported = time.monotonic()
        self.every(LOOK_PERIOD, self._look)

    @property
    def summary(self) -> str:
        """What was recorded, as one line."""
        seconds = time.monotonic() - self._begin
        parts = [f'{name} {n} ({n / seconds:.1f} Hz)' for name, n in self._counts.items()]
        return f'{seconds:.1f} s: {", ".join(parts) or "nothing"}'

    def close(self) -> None:
        """Finish the bag."""
        if self._stream is None:
            self.get_logger().warning(f'Nothing recorded. {self._why_nothing()}')
            self.exit_code = self.exit_code or 2
            return
        self._stream.close()
        self.get_logger().info(f'Recorded {self.summary} into {self._settings.output}')

    def _look(self) -> None:
        """Subscribe to topics that have appeared; report and stop in time."""
        for topic in self._wanted:
            if topic not in self._counts and self.get_publishers_info_by_topic(topic):
                self._subscribe(topic)
        now = time.monotonic()
        if now - self._reported > REPORT_PERIOD:
            self._reported = now
            recording = self._counts.get(self._wanted[0])
            self.get_logger().info(self.summary if recording else self._why_nothing())
        duration = self._settings.duration
        if duration and self._stream is not None and now - self._begin > duration:
            self.exit_code = 0

    def _why_nothing(self) -> str:
        return why_silent(self, self._settings.joint_states_topic)

    def _subscribe(self, topic: str) -> None:
        """Ask for as much as every publisher offers, as ``ros2 bag record`` does."""
        sources = self.get_publishers_info_by_topic(topic)
        type_name = sources[0].topic_type
        if type_name not in TYPES:
            self._counts[topic] = 0
            self.get_logger().warning(f'{topic} is not recorded: its type is {type_name}.')
            return
        offered = {info.qos_profile.reliability for info in sources}
        qos = quality(DEPTH, reliable=offered == {ReliabilityPolicy.RELIABLE})

        def write(data: bytes) -> None:
            self._write(topic, type_name, data)

        self._counts[topic] = 0
        Topic(topic, TYPES[type_name], qos).subscription(self, write, raw=True)

    def _write(self, topic: str, type_name: str, data: bytes) -> None:
        if self._stream is None:
            self._stream = BagStream(Path(self._settings.output))
            self._begin = time.monotonic()
        try:
            self._stream.write(topic, type_name, time.time_ns(), data)
        except OSError as error:
            raise DataError(f'Cannot write {self._settings.output}: {error.strerror}.') from error
        self._counts[topic] += 1


def record(settings: RecorderSettings) -> int:
    """Record until Ctrl-C or for the time set, and return the exit code."""
    return run(lambda: RecorderNode(settings), [])


def main(args: Sequence[str] | None = None) -> int:
    """Run recorder_node, and return the exit code."""
    return run(RecorderNode, args)
