# SPDX-License-Identifier: Apache-2.0
"""Plays a bag's joint states into a running node, with their own stamps and ``/clock``."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
import time

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.core.state import NANOSECONDS, RawSample
from lstm_dynamics_ros.data.bags.reader import iterate
from lstm_dynamics_ros.ros.nodes.spin import POLL_PERIOD, StopFlag
from lstm_dynamics_ros.ros.topics.conversions import NOTHING, set_time
from lstm_dynamics_ros.ros.topics.interfaces import CLOCK, ROBOT_JOINT_STATES
import rclpy
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState

DEPTH = 1000
"""Messages kept for subscribers that are slow or still being discovered."""

CLOCK_PERIOD = 4_000_000
"""Shortest time between two /clock messages [ns]."""

LARGEST_WAIT = 1.0
"""A longer pause between two stamps is shortened to this [s]."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """What was played."""

    messages: int
    seconds: float
    """How long it took [s]."""


def play(
    bag: str | Path,
    *,
    topic: str | None = None,
    rate: float = 1.0,
    wait: float = 10.0,
    progress: Progress | None = None,
) -> Played:
    """Publish the joint states of a bag on ``joint_states``, in real time.

    Args:
        bag: The bag.
        topic: Its topic; None for the only one.
        rate: Speed; 2 plays twice as fast.
        wait: Longest time until a subscriber is found [s].
        progress: Called with messages played, total (0 while unknown) and a label.

    Raises:
        DataError: If the bag has no joint states, or nobody subscribes in time.
    """
    stop = StopFlag()
    stop.install()
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Node('player', start_parameter_services=False)
    try:
        return _Player(node, rate, stop).play(iterate(bag, topic), wait, progress)
    finally:
        node.destroy_node()
        try_shutdown()


class _Player:
    def __init__(self, node: Node, rate: float, stop: StopFlag) -> None:
        qos = QoSProfile(depth=DEPTH, reliability=ROBOT_JOINT_STATES.qos.reliability)
        self._states = node.create_publisher(JointState, ROBOT_JOINT_STATES.name, qos)
        self._clock = node.create_publisher(Clock, CLOCK.name, CLOCK.qos)
        self._rate = rate
        self._stop = stop
        self._last_clock: int | None = None

    def play(
        self,
        samples: Iterable[RawSample],
        wait: float,
        progress: Progress | None,
    ) -> Played:
        self._await_subscribers(wait)
        begin = due = time.monotonic()
        last: int | None = None
        count = 0
        for sample in samples:
            if self._stop:
                break
            step = 0 if last is None else max(0, sample.stamp_ns - last)
            due += min(step / NANOSECONDS, LARGEST_WAIT) / self._rate
            if (early := due - time.monotonic()) > 0:
                time.sleep(early)
            self._publish(sample)
            last = sample.stamp_ns
            count += 1
            if progress is not None and count % 100 == 0:
                progress(count, 0, 'playing')
        self._states.wait_for_all_acked(Duration(seconds=1.0))
        return Played(messages=count, seconds=time.monotonic() - begin)

    def _await_subscribers(self, wait: float) -> None:
        """Return when somebody listens to the joint states."""
        deadline = time.monotonic() + wait
        while not self._stop and not _heard(self._states):
            if time.monotonic() > deadline:
                raise DataError(
                    f'Nobody subscribes to {self._states.topic_name} after {wait:g} s. '
                    'Start dynamics_node with use_sim_time:=true, on the same ROS_DOMAIN_ID.'
                )
            time.sleep(POLL_PERIOD / 10)

    def _publish(self, sample: RawSample) -> None:
        now = sample.stamp_ns
        if self._last_clock is None or not 0 <= now - self._last_clock < CLOCK_PERIOD:
            clock = Clock()
            set_time(clock.clock, now)
            self._clock.publish(clock)
            self._last_clock = now
        message = JointState(name=list(sample.names))
        set_time(message.header.stamp, now)
        message.position = [float(value) for value in sample.position] or NOTHING
        message.velocity = [float(value) for value in sample.velocity] or NOTHING
        message.effort = [float(value) for value in sample.effort] or NOTHING
        self._states.publish(message)


def _heard(publisher: Publisher) -> bool:
    return bool(publisher.get_subscription_count())
