# SPDX-License-Identifier: Apache-2.0
"""The last stage: from what is known to what may be sent."""

from collections import deque
import math

from lstm_dynamics_ros.control.base import ControlContext, ControlInput, Controller, Prior
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import (
    JointState,
    NANOSECONDS,
    Vector,
)
from lstm_dynamics_ros.pipeline.settings import control_steps, PipelineSettings
from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.safety.confidence import ShadowScore
from lstm_dynamics_ros.safety.gate import Gate
from lstm_dynamics_ros.safety.joint_limits import JointLimits
from lstm_dynamics_ros.signals.low_pass import LowPass
import numpy as np

MOST_IN_FLIGHT = 1000
"""Corrections that are kept until they act."""

SCORED_BELOW = 20.0
"""Low-pass of what is scored [rad/s]."""


class CorrectionOutput:
    """Asks the controller, scores its torque, and lets it through the gate.

    Args:
        controller: Computes the torque.
        gate: What the torque must pass.
        card: Card of the model.
        period: Time between two control points [s].
        latency_ns: Time from a measurement to the moment a correction made from it acts [ns].
    """

    def __init__(
        self, controller: Controller, gate: Gate, card: ModelCard, period: float, latency_ns: int
    ) -> None:
        self.controller = controller
        self.gate = gate
        self.referred_ns: int | None = None
        """Newest measurement at whose time the reference was known [ns]; None before any."""
        self.covered = False
        """Whether the reference is known when the newest correction acts."""
        self.commanded_effort: Vector | None = None
        """Effort that was commanded last, by the correction or, for a motion model, by the robot's
        own controller [N m] or [N], shape (n_joints,); None if that is not known."""
        self._n = card.n_joints
        self._period = period
        self._delay = card.dt  # age of the disturbance that is scored
        self._zero: Vector = np.zeros(self._n)
        self._sent: deque[tuple[int, Vector]] = deque(maxlen=MOST_IN_FLIGHT)
        self._acting: tuple[int, Vector] = (0, self._zero)
        self._scored: int | None = None
        self._unexplained, self._wanted = (
            LowPass(self._n, bandwidth=SCORED_BELOW, smoothing=None) for _ in range(2)
        )
        self._measured: JointState | None = None
        self._latency_ns = latency_ns
        self.shadow: ShadowScore | None = None
        """How good the torque would be; None for a controller whose torque is not scored."""
        if controller.computes_torque and not controller.full_command:
            steps = round((latency_ns / NANOSECONDS + self._delay) / self._period)
            self.shadow = ShadowScore(
                self._n, period, latency_steps=steps, weights=_weights(gate.limits)
            )

    def use_limits(self, limits: JointLimits) -> None:
        """Take over limits of the joints while nothing is on its way out."""
        self.gate.use_limits(limits)
        if self.shadow is not None:
            self.shadow.weights = _weights(self.gate.limits)

    @property
    def explained(self) -> float | None:
        """Share of the disturbance that the torque would have taken away; None where unknown."""
        score = math.nan if self.shadow is None else self.shadow.overall
        return None if math.isnan(score) else score

    def reset(self) -> None:
        """Let the controller forget the past; the gate, and what acts of the past, do not."""
        self.controller.reset()
        self.commanded_effort = None
        if self.shadow is not None:
            self.shadow.interrupt()

    def applied(self, stamp_ns: int) -> Vector:
        """Return the correction that acts at a time [ns], by what the gate let out before."""
        begin = stamp_ns - self._latency_ns
        sent = self._sent
        while sent and sent[0][0] <= begin:
            self._acting = sent.popleft()
        stamp, torque = self._acting
        recent = begin - stamp < 1.5 * self._period * NANOSECONDS
        return torque if recent else self._zero

    def compute(self, step: Step) -> None:
        """Ask the controller, and score what it wants."""
        if step.reference is not None:
            self.referred_ns = step.stamp_ns
        self.covered = step.preview is not None
        step.applied = applied = self.applied(step.stamp_ns)
        self.commanded_effort = applied
        predicted = step.predicted
        if step.motion is not None:  # what the motion takes is what somebody commands
            known = predicted is not None and step.preview is not None
            self.commanded_effort = predicted.effort if predicted is not None and known else None
        step.torque = None if predicted is None or not step.warm else self.torque(step)
        self.score(step.stamp_ns, None if predicted is None else step.disturbance, step.torque)
        step.shadow = self.explained

    def torque(self, given: ControlInput) -> Vector | None:
        """Return what the controller wants; one whose torque is not finite starts over."""
        torque = self.controller.torque(given)
        if torque is not None and not all(map(math.isfinite, torque.tolist())):
            self.controller.reset()
        return torque

    def score(self, stamp_ns: int, disturbance: Vector | None, torque: Vector | None) -> None:
        """Compare what was wanted a while ago with the measured effort beyond the model.

        Both pass the same low-pass, or the noise of the encoders would hide everything.

        Args:
            stamp_ns: Time of the control point [ns].
            disturbance: Newest measured disturbance, shape (n_joints,); None without.
            torque: What the controller wants now, shape (n_joints,); None for nothing.
        """
        shadow = self.shadow
        if shadow is None:
            return
        before, self._scored = self._scored, stamp_ns
        if before is None or stamp_ns - before > 1.5 * self._period * NANOSECONDS:
            shadow.interrupt()
        if disturbance is None:
            return
        if torque is None:
            shadow.interrupt()
            self._unexplained.reset()
            self._wanted.reset()
            return
        nominal = self.controller.nominal
        if nominal is not None:
            torque = torque - nominal
        shadow.update(
            self._unexplained.update(disturbance, self._period),
            self._wanted.update(torque, self._period),
        )

    def send(
        self, measured: JointState, torque: Vector | None, *, armed: bool, confidence: float
    ) -> Vector | None:
        """Return what may be sent, shape (n_joints,); None for nothing.

        Args:
            measured: The newest state.
            torque: What the controller wants; None ends in the safe command.
            armed: Whether torque is allowed.
            confidence: Trust in the model, 0 to 1.
        """
        self._measured = measured
        out = self.gate.pass_through(
            torque, armed=armed and torque is not None, confidence=confidence, measured=measured
        )
        if out is not None:
            self._sent.append((measured.stamp_ns, out))
        return out

    def finish(self, step: Step, *, armed: bool) -> None:
        """Fill in what may be sent."""
        confidence = 1.0 if self.controller.full_command else step.confidence
        step.correction = self.send(step.measured, step.torque, armed=armed, confidence=confidence)

    def idle(self) -> Vector | None:
        """Return the next part of the safe command when no measurement comes, None after it."""
        if self.gate.silent:
            return None
        return self.gate.pass_through(None, armed=False, measured=self._measured)


def _weights(limits: JointLimits) -> Vector:
    """Return what one unit of torque counts, shape (n_joints,): one over the effort limit."""
    weights: Vector = 1.0 / np.where(np.isfinite(limits.effort), limits.effort, 1.0)
    return weights


def control_context(
    predictor: Predictor, settings: PipelineSettings, prior: Prior | None
) -> ControlContext:
    """Return what a controller is made for.

    Args:
        predictor: Steps the model.
        settings: Control rate, and latency if it is not that of the card.
        prior: Rigid-body model; None without.

    Raises:
        ConfigError: If the control rate does not fit the model.
    """
    card = predictor.card
    latency = card.latency_steps * card.dt if settings.latency < 0 else settings.latency
    return ControlContext(
        joint_names=card.joint_names,
        period=control_steps(card.dt, settings.control_rate) * card.dt,
        latency=latency,
        effort_limits=card.effort_limits or (None,) * card.n_joints,
        prior=prior,
        card=card,
        model=predictor,
    )
