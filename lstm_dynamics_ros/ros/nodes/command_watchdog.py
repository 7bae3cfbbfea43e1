# SPDX-License-Identifier: Apache-2.0
"""A small process between a node that commands and an effort controller.

Effort controllers hold the last command for ever, so a node that is killed leaves its last torque
on the robot. Here a stream that stops is followed by the safe command, see
:class:`~lstm_dynamics_ros.safety.command_guard.CommandGuard`. It needs neither numpy nor a model.
"""

from array import array
from collections.abc import Sequence
import gc
import json
import time

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from lstm_dynamics_ros.core.errors import ConfigError, LstmDynamicsError
from lstm_dynamics_ros.ros.nodes.command_watchdog_settings import CommandWatchdogSettings
from lstm_dynamics_ros.ros.nodes.spin import run, RunnableNode
from lstm_dynamics_ros.ros.topics.command_interfaces import (
    ARMED_ANEW,
    COMMAND,
    DIAGNOSTICS,
    RESET,
    STATE,
    WATCHED_COMMAND,
)
from lstm_dynamics_ros.ros.topics.controller_joints import ControllerJoints
from lstm_dynamics_ros.ros.topics.declare import Parameters, warn_of_unknown
from lstm_dynamics_ros.ros.topics.graph import other_publishers
from lstm_dynamics_ros.safety.command_guard import CommandGuard, GuardState
from rclpy.duration import Duration
from rclpy.parameter import Parameter
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger

GRAPH_PERIOD = 0.5
"""Time between two looks at who else is on the topics [s]."""

FINAL_ZEROS = 3
"""How often zero is sent before the process ends."""

ACKNOWLEDGEMENT = Duration(nanoseconds=200_000_000)
"""Longest wait for the controller to have it."""


class CommandWatchdog(RunnableNode):
    """Lets commands through, and sends the safe command when they stop."""

    def __init__(self) -> None:
        super().__init__('command_watchdog')
        self._guard = CommandGuard(CommandWatchdogSettings())  # until the parameters are read
        self._declared = Parameters(self, CommandWatchdogSettings(), validate=self._validate)
        settings = self._declared.settings
        self.executor_name = settings.executor
        warn_of_unknown(self, self._declared.names)
        guard = self._guard = CommandGuard(settings)
        if not settings.limits:
            self.get_logger().warning('No limits are set: every finite command is let through.')
        self._declared.on_change(lambda changed: guard.use_joints(changed.joints))
        self._message = Float64MultiArray()
        self._announced: dict[str, object] = {}
        self._output = COMMAND.publisher(self, settings.command_topic)
        self._state = STATE.publisher(self)
        self._diagnostics = DIAGNOSTICS.publisher(self)
        WATCHED_COMMAND.subscription(self, self._on_command)
        self.create_service(RESET.type, RESET.name, self._on_reset)
        self._asked = ControllerJoints(self, settings.command_topic)
        self.every(1.0 / settings.check_rate, self._tick)
        self.every(GRAPH_PERIOD, self._look_around)
        self.every(1.0, self._diagnose)
        self._look_around()
        self._announce()

    def start(self) -> None:
        """Keep the collector of garbage from ever taking long."""
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Leave the controller with zero, if it could hold anything else."""
        if (zeros := self._guard.final_command) is not None:
            for _ in range(FINAL_ZEROS):
                self._send(zeros)
            self._output.wait_for_all_acked(ACKNOWLEDGEMENT)

    # The way of a command

    def _on_command(self, message: Float64MultiArray) -> None:
        guard = self._guard
        before = guard.state
        dims = message.layout.dim
        through = guard.command(
            message.data,
            time.monotonic(),
            armed_anew=bool(dims) and dims[0].label == ARMED_ANEW,
        )
        if through is not None:
            self._send(through)
        if guard.state is not before:
            self._announce()

    def _tick(self) -> None:
        guard = self._guard
        before = guard.state
        safe = guard.tick(time.monotonic())
        if safe is not None:
            self._send(safe)
        if guard.state is not before:
            if guard.state is GuardState.STOPPING:
                self.get_logger().error(f'{guard.reason} Sending the safe command.')
            self._announce()

    def _send(self, values: Sequence[float]) -> None:
        self._message.data = array('d', values)
        self._output.publish(self._message)

    # Looking after it

    def _look_around(self) -> None:
        """Find out who else commands the controller, and which joints it has."""
        guard, settings = self._guard, self._declared.settings
        others = other_publishers(self, settings.command_topic)
        guard.blocked = ''
        if others:
            guard.blocked = f'{", ".join(others)} also publishes {settings.command_topic}.'
        self._asked.ask()
        if settings.joints:
            if self._asked.known:
                guard.blocked = guard.blocked or self._order_problem(settings.joints)
        elif guard.idle and len(set(self._asked.known.values())) == 1:
            (joints,) = set(self._asked.known.values())
            self.set_parameters([Parameter('joints', value=list(joints))])
        if guard.blocked:
            guard.stop(guard.blocked, time.monotonic())
            self.get_logger().error(guard.blocked, throttle_duration_sec=10.0)
        self._announce()

    def _order_problem(self, joints: Sequence[str]) -> str:
        for name, theirs in self._asked.known.items():
            if theirs != tuple(joints):
                return f'{name} has the joints {list(theirs)}, but joints is {list(joints)}.'
        return ''

    def _validate(self, settings: CommandWatchdogSettings) -> None:
        """Refuse settings that do not fit together, or not now."""
        CommandGuard(settings)
        if not self._guard.idle and settings.joints != self._declared.settings.joints:
            raise ConfigError('joints cannot change while commands are let through.')

    def _on_reset(self, _: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Let the next stream through."""
        try:
            self._guard.reset(time.monotonic())
            response.success, response.message = True, 'The next stream is let through.'
        except LstmDynamicsError as error:
            response.success, response.message = False, str(error)
        self._announce()
        return response

    def _announce(self) -> None:
        """Say what it is doing, if that has changed."""
        guard = self._guard
        content: dict[str, object] = {
            'state': guard.state.value,
            'reason': guard.reason or guard.blocked,
            'joints': list(self._declared.settings.joints),
        }
        if content != self._announced:
            self._announced = content
            self._state.publish(String(data=json.dumps(content)))

    def _diagnose(self) -> None:
        guard = self._guard
        level, text = DiagnosticStatus.OK, guard.state.value
        if guard.reason or guard.blocked:
            level, text = DiagnosticStatus.ERROR, guard.reason or guard.blocked
        elif not self._output.get_subscription_count():
            level, text = DiagnosticStatus.WARN, 'Nobody subscribes to the output.'
        values = {'state': guard.state.value, 'longest_gap_s': f'{guard.longest_gap:.6g}'}
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        message.status = [
            DiagnosticStatus(
                level=level,
                name=f'{self.get_fully_qualified_name().strip("/")}: commands',
                message=text,
                hardware_id=self._declared.settings.command_topic,
                values=[
                    KeyValue(key=key, value=str(value))
                    for key, value in (values | guard.counters).items()
                ],
            )
        ]
        self._diagnostics.publish(message)


def main(args: Sequence[str] | None = None) -> int:
    """Run command_watchdog, and return the exit code."""
    return run(CommandWatchdog, args)
