# SPDX-License-Identifier: Apache-2.0
"""Sends one trajectory to a joint trajectory controller, once a person has confirmed it.

It refuses unless the robot is at rest where the trajectory starts: a controller would otherwise
go there at once. Ctrl-C and lost joint states bring the robot to rest: a software stop, not one
to rely on for safety.
"""

from collections.abc import Callable
from pathlib import Path
import time

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.core.state import NANOSECONDS, Vector
from lstm_dynamics_ros.data.bags.cdr import TRAJECTORY
from lstm_dynamics_ros.data.bags.storage import open_bag
from lstm_dynamics_ros.ros.nodes.spin import POLL_PERIOD, StopFlag
from lstm_dynamics_ros.ros.topics.conversions import doubles, set_time
from lstm_dynamics_ros.ros.topics.graph import why_silent
from lstm_dynamics_ros.ros.topics.interfaces import ROBOT_JOINT_STATES
import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import try_shutdown
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

Confirm = Callable[[str], bool]
"""Asks a person a question; True for yes."""

TOLERANCE = 0.05
"""How far from its start the robot may be [rad] or [m]."""

AT_REST = 0.05
"""Speed below which it is at rest [rad/s] or [m/s]."""

COUNTDOWN = 3
"""Time from yes to the first motion [s]."""

PATIENCE = 10.0
"""Longest wait for joint states and for the controller [s]."""

STALE = 0.5
"""Joint states older than this are lost [s]."""

STOPPING = 0.3
"""Time to come to rest after a stop [s]."""


def read_trajectory(bag: Path | str) -> tuple[str, JointTrajectory]:
    """Return the topic and the trajectory in a bag.

    Raises:
        DataError: If it does not hold just one JointTrajectory with points.
    """
    opened = open_bag(Path(bag))
    found = [topic for topic in opened.topics if topic.type == TRAJECTORY]
    if len(found) != 1 or found[0].messages != 1:
        raise DataError(f'{bag} must hold one JointTrajectory, as lstm-dynamics excite writes it.')
    (message,) = opened.messages((found[0].name,))
    trajectory = deserialize_message(message.raw, JointTrajectory)
    if not trajectory.points:
        raise DataError(f'The trajectory in {bag} has no points.')
    return found[0].name, trajectory


def send(
    bag: Path | str,
    *,
    confirm: Confirm,
    joint_states: str = ROBOT_JOINT_STATES.name,
    progress: Progress | None = None,
    patience: float = PATIENCE,
) -> str:
    """Send the trajectory of a bag and watch until it is over.

    Args:
        bag: What ``lstm-dynamics excite`` wrote.
        confirm: Asks the person before the robot moves.
        joint_states: Topic of the joint states.
        progress: Called ten times a second.
        patience: Longest wait for joint states and controller [s].

    Returns:
        What was done, one sentence.

    Raises:
        DataError: If there is no controller, no joint states, or the robot is not where the
            trajectory starts, or is lost on the way.
    """
    topic, trajectory = read_trajectory(bag)
    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = Node('trajectory_sender', start_parameter_services=False)
    try:
        sender = _Sender(node, trajectory, topic.lstrip('/'), joint_states)
        return sender.send(confirm, progress or (lambda *_: None), patience)
    finally:
        node.destroy_node()
        try_shutdown()


class _Sender:
    def __init__(
        self, node: Node, trajectory: JointTrajectory, topic: str, joint_states: str
    ) -> None:
        self._node, self._trajectory, self._stop = node, trajectory, StopFlag()
        self._names = list(trajectory.joint_names)
        self._topic = joint_states
        self._position: Vector | None = None
        self._velocity: Vector = np.zeros(len(self._names))
        self._seen = 0.0
        node.create_subscription(JointState, joint_states, self._see, ROBOT_JOINT_STATES.qos)
        self._out = node.create_publisher(JointTrajectory, topic, QoSProfile(depth=1))

    def send(self, confirm: Confirm, progress: Progress, patience: float) -> str:
        self._wait(lambda: self._position is not None, patience, self._why_no_state)
        self._wait(lambda: self._out.get_subscription_count() > 0, patience, self._why_no_sink)
        self._check_start()
        seconds = _seconds(self._trajectory.points[-1])
        if not confirm(
            f'The robot will move for {seconds:g} s. Nothing checks for collisions. '
            'Is the cell clear and a hand at the stop button?'
        ):
            return 'Nothing was sent.'
        self._stop.install()  # not before: Ctrl-C ends the waiting and the question at once
        total = round(10 * (COUNTDOWN + seconds))
        for tick in range(10 * COUNTDOWN):
            progress(tick, total, f'starts in {COUNTDOWN - tick // 10} s, Ctrl-C stops')
            if not self._spin(0.1):
                return 'Stopped before anything was sent.'
        self._check_start()
        self._out.publish(self._trajectory)
        begin = time.monotonic()
        while (since := time.monotonic() - begin) < seconds:
            progress(round(10 * (COUNTDOWN + since)), total, 'moving, Ctrl-C stops')
            running = self._spin(0.1)
            if not running or time.monotonic() - self._seen > STALE:
                self._come_to_rest()
                if running:
                    raise DataError(
                        f'{self._topic} stopped coming; the robot was commanded to stop.'
                    )
                return f'Stopped after {since:.1f} s; the robot was commanded to come to rest.'
        return f'Sent {seconds:g} s.'

    def _see(self, message: JointState) -> None:
        have = dict(zip(message.name, range(len(message.name)), strict=True))
        if not set(self._names) <= set(have) or len(message.position) != len(have):
            return
        columns = [have[name] for name in self._names]
        self._position = np.asarray(message.position, np.float64)[columns]
        if len(message.velocity) == len(have):
            self._velocity = np.nan_to_num(np.asarray(message.velocity, np.float64)[columns])
        self._seen = time.monotonic()

    def _check_start(self) -> None:
        """Raise :class:`DataError` unless the robot rests where the trajectory starts."""
        position = self._position
        if position is None or time.monotonic() - self._seen > STALE:
            raise DataError(self._why_no_state())
        start = np.asarray(self._trajectory.points[0].positions)
        far = np.abs(position - start)
        if not (far <= TOLERANCE).all():
            worst = int(np.argmax(far))
            here = ' '.join(f'{value:.4f}' for value in position)
            raise DataError(
                f'The trajectory does not start where the robot is: {self._names[worst]} is at '
                f'{position[worst]:.3f}, the start is {start[worst]:.3f}. Move the robot there, '
                f'or plan from here: --home {here}'
            )
        if not (np.abs(self._velocity) <= AT_REST).all():
            raise DataError('The robot is moving. Nothing is sent until it is at rest.')

    def _come_to_rest(self) -> None:
        """Send a point where the robot can be at rest soon, within what the trajectory visits."""
        visited = np.array([point.positions for point in self._trajectory.points])
        rest = np.asarray(self._position) + 0.5 * STOPPING * self._velocity
        point = JointTrajectoryPoint()
        point.positions = doubles(np.clip(rest, visited.min(axis=0), visited.max(axis=0)))
        point.velocities = doubles(np.zeros(len(self._names)))
        set_time(point.time_from_start, round(STOPPING * NANOSECONDS))
        self._out.publish(JointTrajectory(joint_names=self._names, points=[point]))
        self._spin(STOPPING, even_if_stopped=True)

    def _wait(self, ready: Callable[[], bool], patience: float, why: Callable[[], str]) -> None:
        deadline = time.monotonic() + patience
        while not ready():
            if time.monotonic() > deadline or not self._spin(POLL_PERIOD):
                raise DataError(why())

    def _spin(self, seconds: float, *, even_if_stopped: bool = False) -> bool:
        """Handle messages for a while; False if a signal has come."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and (even_if_stopped or not self._stop):
            rclpy.spin_once(self._node, timeout_sec=left)
        return not self._stop

    def _why_no_state(self) -> str:
        return f'{why_silent(self._node, self._topic)} Needed: {", ".join(self._names)}.'

    def _why_no_sink(self) -> str:
        return (
            f'Nobody listens on {self._out.topic_name}. Start the joint trajectory controller, or '
            'plan with another --topic.'
        )


def _seconds(point: JointTrajectoryPoint) -> float:
    return float(point.time_from_start.sec) + float(point.time_from_start.nanosec) / NANOSECONDS
