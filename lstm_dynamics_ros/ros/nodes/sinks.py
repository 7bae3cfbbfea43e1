# SPDX-License-Identifier: Apache-2.0
"""Where commands go: one interface, a sink for each kind of controller.

A sink publishes what it is given and nothing by itself, so it is silent until somebody is armed.
Nothing in ros2_control adds two efforts: a correction goes to a joint trajectory controller, which
adds it to its own effort, or to what the user declares additive.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from lstm_dynamics_ros.core.state import Reference, Vector
from lstm_dynamics_ros.ros.nodes.settings import SinkSettings
from lstm_dynamics_ros.ros.topics.command_interfaces import ARMED_ANEW, Topic
from lstm_dynamics_ros.ros.topics.controller_joints import ControllerJoints
from lstm_dynamics_ros.ros.topics.conversions import doubles, set_time
from lstm_dynamics_ros.ros.topics.graph import listeners, other_publishers
from lstm_dynamics_ros.ros.topics.interfaces import COMMAND, COMMAND_TRAJECTORY
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray, MultiArrayDimension, MultiArrayLayout
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

ACKNOWLEDGEMENT = Duration(nanoseconds=200_000_000)
"""Longest wait for a controller to have a command."""

MARKED = 10
"""Commands after arming that say so; a few, because each may be lost."""


class Sink(ABC):
    """Publishes commands to one kind of controller.

    Args:
        node: The node that publishes.
        settings: Where to, and what becomes of it there.
        joint_names: The joints in the order of the efforts, by the robot's names for them.
        topic: Type and quality of service.
    """

    needs_reference = False
    """Whether a command cannot be sent without a reference."""

    def __init__(
        self, node: Node, settings: SinkSettings, joint_names: Sequence[str], topic: Topic
    ) -> None:
        self._node = node
        self._settings = settings
        self._joints = tuple(joint_names)
        self._asked = ControllerJoints(node, settings.command_topic)
        self._publisher = topic.publisher(node, settings.command_topic)
        self.counters = dict.fromkeys(('commands', 'command_not_finite', 'no_reference'), 0)

    def destroy(self) -> None:
        """Take the topic off the graph."""
        self._asked.destroy()
        self._node.destroy_publisher(self._publisher)

    def look(self) -> None:
        """Ask the controller for its joints, without waiting; call about once a second."""
        if not self._settings.controller_joints:
            self._asked.ask()

    @property
    def subscribers(self) -> int:
        """How many listen."""
        return int(self._publisher.get_subscription_count())

    @property
    def other_publishers(self) -> list[str]:
        """Full names of the nodes that also command the controller.

        A node that listens on ``command_topic`` and publishes ``controller_topic`` is the
        command_watchdog between them.
        """
        settings = self._settings
        others = other_publishers(self._node, settings.command_topic)
        if settings.controller_topic:
            between = listeners(self._node, settings.command_topic)
            others += other_publishers(self._node, settings.controller_topic, between)
        return sorted(set(others))

    def flush(self) -> None:
        """Wait a little until what was published has arrived."""
        self._publisher.wait_for_all_acked(ACKNOWLEDGEMENT)

    def refusals(self) -> list[str]:
        """Return what speaks against arming, one sentence each."""
        settings = self._settings
        found = self._unfit_mode()
        if not self.subscribers:
            found.append(f'Nobody subscribes to {settings.command_topic}.')
        elif problem := self._unfit_joints():
            found.append(problem)
        if others := self.other_publishers:
            found.append(f'{", ".join(others)} also commands the controller.')
        return found

    @abstractmethod
    def _unfit_mode(self) -> list[str]:
        """Return why the command mode does not suit the controller."""

    def _unfit_joints(self) -> str:
        given = self._settings.controller_joints
        if not given:
            return self._asked.problem(self._joints)
        if sorted(given) != sorted(self._joints):
            return f'controller_joints is {list(given)}, but the model has {list(self._joints)}.'
        return ''

    @abstractmethod
    def begin(self) -> None:
        """Prepare for commands, when a person has armed; :meth:`refusals` must have been empty."""

    def send(
        self,
        torque: Vector,
        reference: Reference | None,
        stamp_ns: int,
        check: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Publish a command, unless the last look at whether it may be sent says no.

        Args:
            torque: Effort [N m] or [N], shape (n_joints,); not finite counts as zero.
            reference: Where the robot should be when the command acts.
            stamp_ns: Time of the measurement it was made from [ns].
            check: Looks at whether it may be sent, when all else is done.

        Returns:
            What ``check`` said.
        """
        message = self._message(torque, reference, stamp_ns)
        if not check():
            return False
        if message is not None:
            self._publisher.publish(message)
        return True

    @abstractmethod
    def _message(self, torque: Vector, reference: Reference | None, stamp_ns: int) -> Any:  # noqa: ANN401
        """Return the message for a command; None if there can be none, which is counted."""

    def _finite(self, torque: Vector) -> Vector:
        self.counters['commands'] += 1
        if np.isfinite(torque).all():
            return torque
        self.counters['command_not_finite'] += 1
        return np.zeros_like(torque)


class EffortArraySink(Sink):
    """Float64MultiArray in the order of the controller's joints, for effort controllers."""

    def __init__(self, node: Node, settings: SinkSettings, joint_names: Sequence[str]) -> None:
        super().__init__(node, settings, joint_names, COMMAND)
        n = len(self._joints)
        dim = MultiArrayDimension(label=ARMED_ANEW, size=n, stride=n)
        self._marked = Float64MultiArray(layout=MultiArrayLayout(dim=[dim]))
        self._plain = Float64MultiArray()
        self._to_mark = 0
        self._order: list[int] = list(range(n))

    def _unfit_mode(self) -> list[str]:
        if self._settings.command_mode == 'correction' and not self._settings.sink_adds:
            return ['A correction needs a sink that adds it, and sink_adds is false.']
        return []

    def begin(self) -> None:
        """See the base class."""
        known = self._settings.controller_joints or next(iter(self._asked.known.values()), ())
        self._order = [self._joints.index(name) for name in known or self._joints]
        self._to_mark = MARKED

    def _message(
        self,
        torque: Vector,
        reference: Reference | None,  # noqa: ARG002
        stamp_ns: int,  # noqa: ARG002
    ) -> Float64MultiArray:
        """See the base class."""
        message = self._plain
        if self._to_mark:
            self._to_mark -= 1
            message = self._marked
        message.data = doubles(self._finite(torque)[self._order])
        return message


class JointTrajectorySink(Sink):
    """JointTrajectory of one point: the reference again, with the effort to add.

    The header stamp is zero, which means now to the controller, so that clocks need not agree; the
    point lies as far ahead as the reference is ahead of the measurement.

    Args:
        node: The node that publishes.
        settings: Where to, and what becomes of it there.
        joint_names: The joints in the order of the efforts, by the robot's names for them.
        period: Time between two commands [s]; the point is at least this far ahead.
    """

    needs_reference = True

    def __init__(
        self, node: Node, settings: SinkSettings, joint_names: Sequence[str], period: float
    ) -> None:
        super().__init__(node, settings, joint_names, COMMAND_TRAJECTORY)
        self._period_ns = nanoseconds(period)
        self._point = JointTrajectoryPoint()
        self._trajectory = JointTrajectory(joint_names=list(joint_names), points=[self._point])

    def _unfit_mode(self) -> list[str]:
        if self._settings.command_mode == 'full':
            return ['A joint trajectory controller adds the effort: command_mode cannot be full.']
        return []

    def begin(self) -> None:
        """See the base class."""

    def _message(
        self, torque: Vector, reference: Reference | None, stamp_ns: int
    ) -> JointTrajectory | None:
        """See the base class. Without a reference nothing is published, and that is counted."""
        if reference is None:
            self.counters['no_reference'] += 1
            return None
        point: Any = self._point
        point.positions = doubles(reference.position)
        point.velocities = doubles(reference.velocity)
        point.effort = doubles(self._finite(torque))
        ahead = max(reference.stamp_ns - stamp_ns, self._period_ns)
        set_time(point.time_from_start, ahead)
        return self._trajectory


def make_sink(
    node: Node, settings: SinkSettings, joint_names: Sequence[str], period: float
) -> Sink:
    """Return the sink for the kind of controller that the settings name.

    Args:
        node: The node that publishes.
        settings: Where to, and what becomes of it there.
        joint_names: The joints in the order of the efforts, by the robot's names for them.
        period: Time between two commands [s].
    """
    if settings.command_type == 'joint_trajectory':
        return JointTrajectorySink(node, settings, joint_names, period)
    return EffortArraySink(node, settings, joint_names)
