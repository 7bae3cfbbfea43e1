# SPDX-License-Identifier: Apache-2.0
"""An embedded robot in real time: joint states at 1 kHz, and an input for additive effort."""

from collections import deque
from collections.abc import Sequence
import time

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.state import NANOSECONDS, Vector
from lstm_dynamics_ros.ros.nodes.settings import SimSettings
from lstm_dynamics_ros.ros.nodes.spin import run, RunnableNode
from lstm_dynamics_ros.ros.topics.controller_joints import PARAMETER
from lstm_dynamics_ros.ros.topics.conversions import (
    efforts,
    JointStateMessage,
    Reordering,
    set_time,
    TrajectoryMessage,
)
from lstm_dynamics_ros.ros.topics.declare import Parameters, warn_of_unknown
from lstm_dynamics_ros.ros.topics.interfaces import (
    CLOCK,
    COMMAND,
    REFERENCE,
    ROBOT_JOINT_STATES,
    ROBOT_REFERENCE,
    TRUE_JOINT_STATES,
)
from lstm_dynamics_ros.sim.motions import make_motion
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRobot, SimulatedRun
import numpy as np
from rcl_interfaces.msg import ParameterDescriptor
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory

STEP_NS = 1_000_000
"""Time between two joint states [ns]."""

REFERENCE_STEPS = 5
"""Joint states per reference point: 200 Hz."""

CYCLE_NS = 5_000_000
"""Time between two looks at the commands, with ``command_cycles`` [ns]."""

PREVIEW_STEP_NS = 10_000_000
"""Time between the points of a reference message [ns]."""

MOST_STEPS = 100
"""Steps made up at once after a stall; what is lost beyond is lost."""

SIM_START_NS = NANOSECONDS
"""First stamp when /clock is published [ns]; zero would mean no time."""


class SimNode(RunnableNode):
    """Steps a simulated robot on a steady clock and publishes what its sensors say."""

    def __init__(self) -> None:
        super().__init__('sim_node')
        declared = Parameters(self, SimSettings())
        settings = self._options = declared.settings
        self.executor_name = settings.executor
        description = load_robot(settings.robot)
        hidden = Parameters(self, description.hidden, 'hidden.')
        self.declare_parameter(
            PARAMETER,
            list(description.joint_names),
            ParameterDescriptor(description='Joints of the command.', read_only=True),
            ignore_override=True,
        )
        warn_of_unknown(self, declared.names + hidden.names)
        self._robot = SimulatedRobot(description, hidden.settings, seed=settings.seed)
        self._make_topics(description.joint_names)
        motion = None
        if settings.motion != 'hold':
            motion = make_motion(
                description,
                settings.motion,
                seed=settings.seed,
                duration=settings.motion_duration,
                speed=settings.speed,
                velocity_share=settings.velocity_share,
            )
        self._begin_ns = time.monotonic_ns()
        start = SIM_START_NS if settings.publish_clock else time.time_ns()
        self._robot.now_ns = start // STEP_NS * STEP_NS
        if motion is not None:
            self._robot.follow(motion, repeat=True)
        self._waiting: deque[tuple[int, Vector]] = deque()  # commands, and when each acts [ns]
        self._wall_step_ns = round(STEP_NS / settings.realtime_factor)
        self._done = 0
        self.lost_ns = 0
        """Time the simulation fell behind real time for good [ns]."""
        self.every(self._wall_step_ns / NANOSECONDS, self._catch_up)

    def _make_topics(self, names: Sequence[str]) -> None:
        options = self._options
        self._names = tuple(names)
        self._state_message = JointStateMessage(names)
        self._truth_message = JointStateMessage(names)
        steps = round(options.reference_preview * NANOSECONDS / PREVIEW_STEP_NS)
        self._ahead_ns = PREVIEW_STEP_NS * np.arange(steps + 1)
        self._reference_message = TrajectoryMessage(names, steps + 1, PREVIEW_STEP_NS, 0)
        self._clock_message = Clock()
        self._states = ROBOT_JOINT_STATES.publisher(self)
        self._reference = ROBOT_REFERENCE.publisher(self)
        self._truth = TRUE_JOINT_STATES.publisher(self) if options.publish_truth else None
        self._sim_clock = CLOCK.publisher(self) if options.publish_clock else None
        COMMAND.subscription(self, self._on_command, options.command_topic)
        REFERENCE.subscription(self, self._on_reference)

    def _catch_up(self) -> None:
        """Step until the robot's time has caught up with real time."""
        due = (time.monotonic_ns() - self._begin_ns) // self._wall_step_ns - self._done
        if due > MOST_STEPS:
            lost = (due - MOST_STEPS) * self._wall_step_ns
            self._begin_ns += lost
            self.lost_ns += lost
            self.get_logger().warning(
                f'The machine is too slow: {self.lost_ns / NANOSECONDS:.2f} s behind real time.',
                throttle_duration_sec=5.0,
            )
            due = MOST_STEPS
        for _ in range(due):
            while self._waiting and self._waiting[0][0] <= self._robot.now_ns:
                self._robot.apply_correction(self._waiting.popleft()[1])
            self._publish(self._robot.advance(1))
            self._done += 1

    def _publish(self, run: SimulatedRun) -> None:
        stamp = int(run.stamp_ns[0])
        if self._sim_clock is not None:
            set_time(self._clock_message.clock, stamp)
            self._sim_clock.publish(self._clock_message)
        if self._done % REFERENCE_STEPS == 0:
            reference = self._robot.reference_at(stamp + self._ahead_ns)
            self._reference.publish(self._reference_message.fill(stamp, *reference))
        if self._truth is not None:
            self._truth.publish(
                self._truth_message.fill(stamp, run.true_position[0], run.true_velocity[0])
            )
        self._states.publish(
            self._state_message.fill(stamp, run.position[0], run.velocity[0], run.effort[0])
        )

    def _on_command(self, message: Float64MultiArray) -> None:
        """Add an effort to what the inner controller commands."""
        torque = efforts(message, len(self._names))
        if torque is None:
            self.get_logger().warning(
                f'Command dropped: expected {len(self._names)} finite values, '
                f'got {list(message.data)}.',
                throttle_duration_sec=1.0,
            )
            return
        cycle = (self._robot.now_ns - STEP_NS) // CYCLE_NS  # the one of the newest measurement
        self._waiting.append(((cycle + self._options.command_cycles) * CYCLE_NS, torque))

    def _on_reference(self, message: JointTrajectory) -> None:
        """Go where the first point of a trajectory says."""
        try:
            order = Reordering(self._names, message.joint_names)
            point = message.points[0]
            rest = [0.0] * len(message.joint_names)
            self._robot.set_reference(
                order(point.positions),
                order(point.velocities or rest),
                order(point.accelerations or rest),
            )
        except (LstmDynamicsError, IndexError) as error:
            self.get_logger().warning(f'Reference dropped: {error}', throttle_duration_sec=1.0)


def main(args: Sequence[str] | None = None) -> int:
    """Run sim_node, and return the exit code."""
    return run(SimNode, args)
