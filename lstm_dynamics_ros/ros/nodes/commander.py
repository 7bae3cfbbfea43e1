# SPDX-License-Identifier: Apache-2.0
"""Everything of dynamics_node that has to do with torque: reference, limits, arming, commands."""

from collections.abc import Callable
import time

from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.core.state import Reference, Vector
from lstm_dynamics_ros.pipeline.pipeline import Step, Surroundings
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.nodes.sinks import make_sink
from lstm_dynamics_ros.ros.topics.graph import nodes_of_same_name
from lstm_dynamics_ros.ros.topics.inputs import ReferenceInput
from lstm_dynamics_ros.ros.topics.interfaces import CLOCK, JOINT_STATES, ROBOT_DESCRIPTION
import numpy as np
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from std_msgs.msg import String

LOOK_PERIOD = 0.5
"""Time between two looks at who else is on the command topic [s]."""

LARGEST_SKEW = 1.0
"""Difference between stamps and the clock that they should be of [s]."""

LATE = 1.5
"""Control periods without a tick after which the safe command goes on by itself."""

LOOK_AT_ITSELF = 0.01
"""Longest time between two looks at whether the node runs, while armed [s]."""

MOST_FINAL_COMMANDS = 500
"""Commands that the end of the node waits for at most."""


class Commander:
    """Takes references and limits in, and sends what the gate lets through.

    Args:
        node: The node.
        engine: What computes the torque.
        announce: Called when the state has changed.
    """

    def __init__(self, node: Node, engine: Engine, announce: Callable[[], None]) -> None:
        self._node = node
        self._announce = announce
        self._reference = ReferenceInput(node, engine.track)
        self._use(engine)
        self._description = node.create_subscription(
            String,
            ROBOT_DESCRIPTION.name,
            self._on_description,
            ROBOT_DESCRIPTION.qos,
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
        )
        self._look_timer = node.create_timer(LOOK_PERIOD, self._look, clock=_steady())
        self._sink.look()

    def _use(self, engine: Engine) -> None:
        pipeline = engine.pipeline
        self._engine = engine
        self._reference.track = engine.track
        self._zero: Vector = np.zeros(pipeline.card.n_joints)
        self._preview: Reference | None = None
        self._stamp_ns = 0
        self._sent_at = self._ticked_at = time.monotonic()
        self._quiet = True
        self._idle_period = min(pipeline.control_period, LOOK_AT_ITSELF)
        self._idle_timer = self._node.create_timer(self._idle_period, self._idle, clock=_steady())
        self._idle_timer.cancel()
        self._sink = make_sink(
            self._node, engine.settings, engine.joint_names, pipeline.control_period
        )

    def use(self, engine: Engine) -> None:
        """Serve the model that the engine has now; nothing may be on its way out."""
        self._sink.destroy()
        self._node.destroy_timer(self._idle_timer)
        self._use(engine)
        self._sink.look()

    def destroy(self) -> None:
        """Send the safe command to its end and take everything off the graph."""
        self.finish()
        for timer in (self._idle_timer, self._look_timer):
            self._node.destroy_timer(timer)
        self._node.destroy_subscription(self._description)
        self._reference.destroy()
        self._sink.destroy()

    @property
    def counters(self) -> dict[str, int]:
        """What came and went, by name."""
        track = {f'reference_{k}': n for k, n in self._engine.track.counters.items()}
        return self._sink.counters | track

    @property
    def refusals(self) -> list[str]:
        """What speaks against arming outside of the pipeline."""
        engine, found = self._engine, self._sink.refusals()
        if nodes_of_same_name(self._node):
            found.append('Another node has the same name.')
        found += _refusals_of_times(self._node, engine, time.monotonic() - self._ticked_at)
        mode = engine.settings.command_mode
        full = engine.pipeline.controller.full_command
        if engine.pipeline.controller.computes_torque and full != (mode == 'full'):
            what = 'the whole command' if full else 'a correction'
            name = engine.pipeline.controller.name
            found.append(f'The controller {name} computes {what}, but command_mode is {mode}.')
        return found

    def arm(self) -> str:
        """Allow torque, and return what a person should read.

        Raises:
            ArmRefusedError: With all reasons.
        """
        engine = self._engine
        topic = self._node.resolve_topic_name(JOINT_STATES.name)
        around = Surroundings(
            refusals=self.refusals,
            tick_time=engine.monitor.tick_time,
            state_publishers=self._node.count_publishers(topic),
        )
        engine.watch.begin(time.monotonic())  # looking around may have taken a while
        warnings = engine.pipeline.arm(around)
        self._sink.begin()
        self._quiet = False
        self._idle_timer.reset()
        return ' '.join(['Armed.', *warnings])

    def send(self, tick: Step) -> None:
        """Send what the gate let through, if anything."""
        self._ticked_at = time.monotonic()
        self._engine.watch.used(self._ticked_at, tick.stamp_ns)
        if tick.preview is not None:
            self._preview = tick.preview
        self._stamp_ns = tick.stamp_ns
        if tick.correction is None:
            self._quiet = True
            return
        if self._quiet:  # a stream that goes on after silence begins at zero, and says so
            self._quiet = False
            self._idle_timer.reset()
            if not self._publish(self._zero):
                return
        self._publish(tick.correction)

    def finish(self) -> None:
        """Revoke torque and send the safe command to its end, now."""
        pipeline = self._engine.pipeline
        pipeline.disarm()
        for count in range(MOST_FINAL_COMMANDS):
            torque = pipeline.idle_command()
            if torque is None:
                if count:
                    self._sink.flush()
                return
            self._publish(torque)
            time.sleep(pipeline.control_period)

    def _publish(self, torque: Vector) -> bool:
        """Send a command, or the safe command if torque has been revoked since it was made.

        Returns:
            Whether it was the command.
        """
        engine, sink = self._engine, self._sink
        sent = sink.send(torque, self._preview, self._stamp_ns, engine.check)
        if not sent:
            safe = engine.pipeline.idle_command()
            if safe is not None:
                sink.send(safe, self._preview, self._stamp_ns)
        self._sent_at = time.monotonic()
        return sent

    def _idle(self) -> None:
        """Notice that ticks have stopped, and let the safe command go on without them."""
        engine, now = self._engine, time.monotonic()
        machine, period = engine.machine, engine.pipeline.control_period
        before = machine.state
        engine.check()
        longest = engine.settings.armed_timeout
        if engine.watch.armed and now - self._ticked_at > longest:
            engine.fail_without_data(longest)
        early = now - self._sent_at < period - 0.5 * self._idle_period
        if not early and now - self._ticked_at >= LATE * period:
            torque = engine.pipeline.idle_command()
            if torque is not None:
                self._publish(torque)
        if engine.pipeline.gate.silent and not engine.watch.armed:
            self._idle_timer.cancel()
        if machine.state is not before:
            self._announce()

    def _look(self) -> None:
        """Find out who else is there; while armed, nobody else may command."""
        self._sink.look()
        engine = self._engine
        if not engine.machine.allows_torque:
            return
        others = self._sink.other_publishers
        if others:
            engine.machine.fail(f'{", ".join(others)} also commands the controller.')
        elif not self._sink.subscribers:
            engine.pipeline.revoke('Nobody subscribes to the command any more.')
        else:
            return
        self._announce()

    def _on_description(self, message: String) -> None:
        """Take the limits of the joints from the description of the robot."""
        try:
            remark = self._engine.describe(message.data)
        except LstmDynamicsError as error:
            remark = f'{ROBOT_DESCRIPTION.name} is not used: {error}'
        if remark:
            self._node.get_logger().warning(remark)
        self._reference.track = self._engine.track


def _steady() -> Clock:
    return Clock(clock_type=ClockType.STEADY_TIME)


def _refusals_of_times(node: Node, engine: Engine, age: float) -> list[str]:
    """Return what speaks against arming with these times, one sentence each.

    Args:
        node: The node.
        engine: What knows them.
        age: Time since the newest usable joint state [s].
    """
    found, oldest = [], engine.settings.armed_timeout
    if age > oldest:
        found.append(f'The newest usable joint state is {age:.2f} s old, not {oldest:g} s.')
    found += filter(None, (engine.watch.late(), engine.watch.clock_reason))
    skew = engine.skew
    if skew is None or abs(skew) <= LARGEST_SKEW:
        return found
    if engine.simulated_time() is not None:
        found.append(
            f'Stamps of the joint states are {skew:+.3f} s from /clock. use_sim_time is true '
            'here: is it for the robot, too?'
        )
    elif node.count_publishers(CLOCK.name):
        found.append(
            f'Stamps of the joint states are {skew:+.3f} s from the clock of this node, and '
            '/clock is published. Set use_sim_time to true.'
        )
    return found
