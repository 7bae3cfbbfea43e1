# SPDX-License-Identifier: Apache-2.0
"""A model at work: everything dynamics_node keeps that is not ROS."""

from collections.abc import Callable, Sequence
from dataclasses import replace
import time
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import NANOSECONDS, RawSample, Vector
from lstm_dynamics_ros.pipeline.build import build_pipeline, joint_limits, robot_joint_names
from lstm_dynamics_ros.pipeline.torque_permission import prediction_only
from lstm_dynamics_ros.ros.nodes.monitor import Monitor
from lstm_dynamics_ros.ros.nodes.settings import NodeSettings
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.state import Event, State, StateMachine
from lstm_dynamics_ros.safety.torque_watch import TorqueWatch, Watchdog
from lstm_dynamics_ros.signals.reference_track import ReferenceTrack
from lstm_dynamics_ros.signals.time_grid import nanoseconds


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
        self.watch = TorqueWatch(
            settings, settings.longest_silence, settings.longest_delay, machine, self._revoke
        )
        self.simulated_time: Callable[[], int | None] = lambda: None
        """Returns the simulated time [ns], 0 before there is any; None on system time."""
        self.skew: float | None = None
        """Newest stamp minus the node's clock when it came [s]; None before the first."""
        self._description = ''
        self.load(settings)

    def load(self, settings: NodeSettings) -> None:
        """Use the model the settings name; on any error everything stays as it is.

        Raises:
            LstmDynamicsError: If the model is refused, or the settings do not fit it.
        """
        loaded = load_model(settings.model, pinned_sha256=settings.model_sha256)
        pipeline = build_pipeline(loaded, settings, self._description, machine=self.machine)
        card = loaded.card
        self.settings = settings
        self.loaded = loaded
        self.pipeline = pipeline
        self.joint_names = robot_joint_names(settings, card)
        """The model's joints, by the names the robot has for them."""
        self.track = self._make_track()
        """The reference."""
        pipeline.reference = self.track
        self.prediction_only = prediction_only(card, settings.arming)
        """Why the model may only be used to predict; empty if it may make torque, too."""
        self.monitor = Monitor(card, nanoseconds(pipeline.control_period), time.monotonic_ns())

    def _make_track(self) -> ReferenceTrack:
        speeds = self.pipeline.gate.limits.velocity
        return ReferenceTrack(self.joint_names, tuple(speeds), self.settings.reference_timeout)

    def describe(self, text: str) -> str:
        """Take the joint limits of a robot description.

        Args:
            text: URDF.

        Returns:
            Why it does not count yet, one sentence; empty if it does.

        Raises:
            ConfigError: If the text is no URDF, or its limits contradict those given.
            JointNamesError: If it lacks joints of the model.
        """
        pipeline = self.pipeline
        limits = joint_limits(self.settings, pipeline.card, text)
        self._description = text
        if not pipeline.gate.silent or self.machine.allows_torque:
            return 'The limits of the new robot description count once the model is loaded again.'
        pipeline.use_limits(limits)
        self.track = self.pipeline.reference = self._make_track()
        return ''

    def validate(self, settings: NodeSettings) -> None:
        """Refuse settings that do not fit what is loaded, without any effect.

        Raises:
            LstmDynamicsError: If they do not.
        """
        pipeline = self.pipeline
        settings.of_controller(pipeline.controller.name).build(pipeline.context)
        effort = tuple(pipeline.gate.limits.effort)
        Gate(settings.gate, effort, pipeline.control_period, joint_names=pipeline.card.joint_names)
        if not settings.confidence.zero_score > settings.confidence.full_score:
            raise ConfigError('confidence.zero_score must be above confidence.full_score.')

    def batches(self, samples: Sequence[RawSample]) -> Sequence[Sequence[RawSample]]:
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
        self.watch.start_over()
        self.pipeline.reset()

    def reconfigure(self, settings: NodeSettings) -> None:
        """Take over settings that may change while running."""
        before, self.settings = self.settings, settings
        pipeline, name = self.pipeline, self.pipeline.controller.name
        self.watchdog.timeout = settings.state_timeout
        self.watch.reconfigure(settings, settings.longest_silence, settings.longest_delay)
        self.track.timeout = settings.reference_timeout
        pipeline.reconfigure(pipeline.settings, safety=settings.safety, gate=settings.gate)
        self.prediction_only = prediction_only(pipeline.card, settings.arming)
        config = settings.of_controller(name)
        if config != before.of_controller(name):
            pipeline.controller.reconfigure(config)

    def set_horizon(self, *, wanted: bool) -> None:
        """Make the horizon only if somebody wants it: it is the dearest part of a tick."""
        settings = self.settings.pipeline
        if not wanted:
            settings = replace(settings, horizon_steps=0)
        if settings != self.pipeline.settings:
            self.pipeline.reconfigure(settings)

    def _revoke(self, reason: str) -> None:
        self.pipeline.revoke(reason)

    def check(self) -> bool:
        """Look at whether torque may go on, see :meth:`TorqueWatch.check`."""
        return self.watch.check(time.monotonic(), self.simulated_time())

    def look_for_loss(self) -> bool:
        """Look at the age of the data, in which a pause does not count; return if it is lost."""
        now = time.monotonic()
        if self.watch.paused and self.watchdog.age(now) is not None:
            self.watchdog.feed(now)
        lost = self.watchdog.expired(now) and self.machine.state is not State.WAITING
        if lost and self.watch.armed:
            self.fail_without_data(self.watchdog.timeout)
        elif lost:
            self.machine.on(Event.DATA_LOST)
        return lost

    def fail_without_data(self, seconds: float) -> None:
        """Make it a fault that no usable joint state came for a time [s] while armed."""
        why = self.pipeline.waiting_for()
        text = f'No usable joint state came for {seconds:g} s while armed. {why}'
        self.machine.fail(text.strip())

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
        return self.pipeline.waiting_for() or self.watch.clock_reason

    @property
    def unbounded(self) -> str:
        """Why predictions have no bounds; empty if they have."""
        return self.pipeline.forecast.uncertainty.why_unbounded

    @property
    def payload(self) -> Vector | None:
        """Mass and first moments that were learned on the way [kg], [kg m]; None without."""
        adaptation: Any = getattr(self.pipeline.controller, 'adaptation', None)
        return None if adaptation is None else adaptation.parameters[:4]

    def status(self) -> dict[str, object]:
        """Return how the correction is doing, as what JSON can hold."""
        pipeline = self.pipeline
        trust, gate, shadow = (
            pipeline.trust_monitor,
            pipeline.gate,
            pipeline.correction_output.shadow,
        )
        missing = ''
        newest = pipeline.newest
        if newest is not None and pipeline.controller.needs_reference:
            missing = self.track.missing(newest.stamp_ns)
        payload = self.payload
        return {
            'controller': pipeline.controller.name,
            'remark': pipeline.remark,
            'prediction_only': self.prediction_only,
            'unbounded': self.unbounded,
            'reference': missing,
            'revoked_because': pipeline.revoked_because,
            'blend': gate.settings.blend,
            'enabled_joints': list(gate.settings.enabled_joints or pipeline.card.joint_names),
            'confidence': round(trust.confidence.value, 2),
            'contact': trust.contact.contact,
            'payload': None if payload is None else round(float(payload[0]), 2),
            'shadow': None if shadow is None else shadow.as_dict(self.joint_names),
        }
