# SPDX-License-Identifier: Apache-2.0
"""A model at work: everything dynamics_node keeps that is not ROS."""

from collections.abc import Sequence
from dataclasses import replace
import time

from lstm_dynamics_ros.control import CONTROLLERS
from lstm_dynamics_ros.grid import nanoseconds
from lstm_dynamics_ros.pipeline import Pipeline
from lstm_dynamics_ros.pipeline_settings import control_steps, message_names
from lstm_dynamics_ros.ros.monitor import Monitor
from lstm_dynamics_ros.ros.settings import find_model, NodeSettings
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.state import Event, State, StateMachine
from lstm_dynamics_ros.safety.watchdog import Watchdog
from lstm_dynamics_ros.state import NANOSECONDS, RawSample


class Engine:
    """Model, pipeline, watchdog and monitor, which come and go together.

    Args:
        settings: Settings of the node.
        machine: State of the node.

    Raises:
        LstmDynamicsError: If the model is refused, or the settings do not fit it.
    """

    def __init__(self, settings: NodeSettings, machine: StateMachine) -> None:
        self.machine = machine
        self.watchdog = Watchdog(settings.state_timeout)
        self.load(settings)

    def load(self, settings: NodeSettings) -> None:
        """Use the model the settings name; on any error everything stays as it is.

        Raises:
            LstmDynamicsError: If the model is refused, or the settings do not fit it.
        """
        loaded = load_model(find_model(settings.model), pinned_sha256=settings.model_sha256)
        card = loaded.card
        period = control_steps(card.dt, settings.control_rate) * card.dt
        pipeline = Pipeline(
            loaded,
            settings.pipeline,
            controller=CONTROLLERS[settings.controller]().build(card, period),
            gate=Gate(settings.gate, card.effort_limits or (None,) * card.n_joints, period),
            machine=self.machine,
        )
        names = message_names(card, settings)
        self.settings = settings
        self.loaded = loaded
        self.pipeline = pipeline
        self.joint_names = tuple(names[joint] for joint in card.joint_names)
        """The model's joints, by the names the robot has for them."""
        self.monitor = Monitor(card, nanoseconds(pipeline.control_period), time.monotonic_ns())

    def bunches(self, samples: Sequence[RawSample]) -> Sequence[Sequence[RawSample]]:
        """Split samples that came together into those that share one publication.

        Predictions of a short stall are still worth something to a recording or a plot, and are
        all made. After a long one only the newest counts.
        """
        span = samples[-1].stamp_ns - samples[0].stamp_ns
        if span > self.settings.catch_up * NANOSECONDS:
            return [samples]
        return [[sample] for sample in samples]

    def start_over(self) -> None:
        """Forget what the model has seen, and a fault."""
        if self.machine.state is State.FAULT:
            self.machine.on(Event.CLEAR)
        self.pipeline.reset()

    def reconfigure(self, settings: NodeSettings) -> None:
        """Take over settings that may change while running."""
        self.settings = settings
        self.watchdog.timeout = settings.state_timeout
        self.pipeline.gate.settings = settings.gate

    def set_horizon(self, *, wanted: bool) -> None:
        """Make the horizon only if somebody wants it: it is the dearest part of a tick."""
        settings = self.settings.pipeline
        if not (wanted or self.pipeline.controller.computes_torque):
            settings = replace(settings, horizon_steps=0)
        if settings != self.pipeline.settings:
            self.pipeline.reconfigure(settings)

    def watch(self, *, paused: bool) -> bool:
        """Look at the age of the data; return whether they were just lost.

        Args:
            paused: Whether time stands still, so that data cannot come.
        """
        now = time.monotonic()
        if paused and self.watchdog.age(now) is not None:
            self.watchdog.feed(now)
        lost = self.watchdog.expired(now) and self.machine.state is not State.WAITING
        if lost:
            self.machine.on(Event.DATA_LOST)
        return lost

    @property
    def silent(self) -> bool:
        """Whether nothing comes in."""
        now = time.monotonic()
        return self.watchdog.age(now) is None or self.watchdog.expired(now)

    @property
    def reason(self) -> str:
        """What is missing for valid predictions while messages come; empty if nothing is."""
        if self.machine.state is State.FAULT:
            return self.machine.fault
        return self.pipeline.waiting_for()
