# SPDX-License-Identifier: Apache-2.0
"""The node that predicts: joint states in, predictions out, and an answer to what people ask.

Every arithmetic step is in :class:`~lstm_dynamics_ros.pipeline.pipeline.Pipeline`; here messages
are taken, handed over and published.
"""

from collections.abc import Sequence
import gc
import sys
import time

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.ros.nodes.commander import Commander
from lstm_dynamics_ros.ros.nodes.diagnostics import Diagnostics
from lstm_dynamics_ros.ros.nodes.engine import Engine
from lstm_dynamics_ros.ros.nodes.managed import ManagedNode, reported
from lstm_dynamics_ros.ros.nodes.outputs import Announcements, Predictions, StateLog
from lstm_dynamics_ros.ros.nodes.services import Services
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings
from lstm_dynamics_ros.ros.nodes.spin import run
from lstm_dynamics_ros.ros.topics.declare import Parameters, unknown
from lstm_dynamics_ros.ros.topics.graph import why_silent
from lstm_dynamics_ros.ros.topics.inputs import JointStateInput
from lstm_dynamics_ros.ros.topics.interfaces import JOINT_STATES
from lstm_dynamics_ros.safety.state import Event, State, StateMachine
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn

WATCH_PERIOD = 0.05
"""Time between two looks at the age of the data [s]."""


class DynamicsNode(ManagedNode):
    """Predicts what the robot's joints will do, from what they did."""

    def __init__(self) -> None:
        super().__init__('dynamics_node')
        self._engine: Engine | None = None
        self._declared = Parameters(self, NodeSettings(), validate=self._validate)
        self.executor_name = self._declared.settings.executor
        for name in unknown(self, self._declared.names):
            self.get_logger().warning(f'Ignored, because there is no such parameter: {name}')
        self._declared.on_change(self._reconfigure)
        self._machine = StateMachine()
        self._announcements = Announcements(self)
        self._log = StateLog(self)
        self._announce()
        Services(self, lambda: self._engine, self._arm, self._reload, self._announce)

    def start(self) -> None:
        """Configure and activate, unless a lifecycle manager will."""
        if self._declared.settings.autostart:
            self.autostart()

    # Lifecycle

    @reported
    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and make the topics."""
        settings = self._declared.settings
        engine = Engine(settings, self._machine)
        self._predictions = Predictions(self, engine)
        self.keep(self._predictions.destroy)
        self._diagnostics = Diagnostics(self)
        self.keep(self._diagnostics.destroy)
        self._commander = Commander(self, engine, self._announce)
        self.keep(self._commander.destroy)
        self._input = JointStateInput(self, self._on_samples)
        self.keep(self._input.destroy)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        looks = (WATCH_PERIOD, self._watch), (1.0 / settings.diagnostics_rate, self._diagnose)
        for period, look in looks:
            timer = self.create_timer(period, look, clock=steady)
            self.keep(lambda timer=timer: self.destroy_timer(timer))  # type: ignore[misc]
        engine.simulated_time = self._input.simulated_time
        self._engine = engine
        self._machine.on(Event.CONFIGURE)
        self._announcements.model(engine)
        self._announce()
        return super().on_configure(state)

    @reported
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to predict."""
        if self._engine is not None:
            self._engine.start_over()
            self._engine.watchdog.forget()
        gc.collect()
        gc.freeze()  # what is there now stays; later collections then take microseconds
        self._machine.on(Event.ACTIVATE)
        self._announce()
        return super().on_activate(state)

    @reported
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop predicting, after the safe command."""
        self._commander.finish()
        self._machine.on(Event.DEACTIVATE)
        self._announce()
        return super().on_deactivate(state)

    @reported
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of the model and the topics."""
        result = super().on_cleanup(state)
        self.release()
        return result

    @reported
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop for good."""
        result = super().on_shutdown(state)
        self.release()
        self.exit_code = 0
        return result

    @reported
    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Go back to the state before there was a model."""
        result = super().on_error(state)
        self.release()
        return result

    def release(self) -> None:
        """Let go of everything made by configure."""
        super().release()
        self._engine = None
        if self._machine.active:
            self._machine.on(Event.DEACTIVATE)
        if self._machine.state is State.INACTIVE:
            self._machine.on(Event.CLEANUP)
        self._announce()

    # The tick

    def _on_samples(self, samples: list[RawSample], received: int) -> None:
        engine = self._engine
        if engine is None or not self._machine.active:
            return
        before = self._machine.state
        engine.check()
        engine.watchdog.feed(time.monotonic())
        engine.watch.clock.came(time.monotonic())
        engine.skew = self._input.skew
        engine.monitor.arrived(len(samples), time.monotonic_ns())
        try:
            for batch in engine.batches(samples):
                began = time.thread_time_ns()
                tick = engine.pipeline.tick(batch)
                if tick is not None:
                    self._commander.send(tick)
                    engine.monitor.computed(time.thread_time_ns() - began)
                    self._predictions.publish(tick)
                    engine.monitor.ticked(tick, time.time_ns() - received)
        except Exception as error:  # noqa: BLE001 - one bad message must not end the node
            self.get_logger().error(f'{type(error).__name__}: {error}', throttle_duration_sec=1.0)
            if self._machine.allows_torque:
                self._machine.fail(f'{type(error).__name__}: {error}')
            engine.pipeline.reset()
        if self._machine.state is not before:
            self._announce()

    # Looking after it

    def _watch(self) -> None:
        """Notice lost data, stalls and clocks that stand still, on a steady clock."""
        engine = self._engine
        if engine is None or not self._machine.active:
            return
        state = self._machine.state
        engine.check()
        engine.look_for_loss()
        if self._machine.state is not state:
            self._announce()
        engine.set_horizon(wanted=self._predictions.wants_trajectory)

    def _diagnose(self) -> None:
        if self._engine is not None:
            self._diagnostics.publish(
                self._engine, self._reason(), self._input.skew, self._commander.counters
            )
            self._announce()

    def _reason(self) -> str:
        """Return what is missing for valid predictions; empty if nothing is."""
        engine = self._engine
        if engine is None or not self._machine.active:
            return ''
        if engine.silent and self._machine.state is not State.FAULT:
            silent = why_silent(self, JOINT_STATES.name, self._input.qos)
            return ' '.join(filter(None, (silent, engine.watch.clock_reason)))
        return engine.reason

    def _announce(self) -> None:
        """Say what the node is doing, if that has changed."""
        reason = self._reason()
        if reason and self._machine.state is State.WAITING:
            self.get_logger().warning(reason, throttle_duration_sec=5.0)
        content: dict[str, object] = {'state': self._machine.state.value, 'reason': reason}
        if self._engine is not None:
            content |= self._engine.status()
        self._log.look(self._machine, self._engine)
        self._announcements.state(content)

    def _validate(self, settings: NodeSettings) -> None:
        """Refuse settings that do not fit what is loaded."""
        if self._engine is not None:
            self._engine.validate(settings)

    def _reconfigure(self, settings: NodeSettings) -> None:
        if self._engine is not None:
            self._engine.reconfigure(settings)

    # Requests

    def _arm(self) -> str:
        return self._commander.arm()

    def _reload(self, engine: Engine) -> str:
        if self._machine.state in {State.ARMED, State.DEGRADED}:
            raise ConfigError('The model cannot be changed while armed.')
        self._commander.finish()
        engine.load(self._declared.settings)
        engine.start_over()
        self._predictions.use(engine)
        self._commander.use(engine)
        self._announcements.model(engine)
        return f'Using {engine.loaded.path}.'


def main(args: Sequence[str] | None = None) -> int:
    """Run dynamics_node, and return the exit code."""
    return run(DynamicsNode, args)


if __name__ == '__main__':
    sys.exit(main())
