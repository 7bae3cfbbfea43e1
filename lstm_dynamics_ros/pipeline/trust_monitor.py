# SPDX-License-Identifier: Apache-2.0
"""The stage that watches whether the model may be trusted, and whether something touches it."""

from itertools import compress
import math

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.pipeline.settings import SafetySettings
from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.runtime.novelty import (
    FeatureRanges,
    PayloadRange,
    range_score,
    RangeCheck,
)
from lstm_dynamics_ros.safety.confidence import (
    band_score,
    Confidence,
    error_band,
    typical_score,
)
from lstm_dynamics_ros.safety.contact import ContactDetector, ToolModel
from lstm_dynamics_ros.signals.disturbance import PayloadModel, RANGE_NAME
from lstm_dynamics_ros.signals.low_pass import LowPass, noise_left_of_acceleration
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np
from numpy.typing import NDArray

SENSOR_CHANGE = 0.05
"""Change of the command that a living sensor must show, as a share of the effort limit."""

SENSOR_PATIENCE = 0.3
"""Time a measurement may stand still while the command changes that much [s]."""

NOISE_WINDOW = 0.5
"""Time constant over which noise is measured [s]."""

RATE_BANDWIDTH = 40.0
"""Low-pass of the rate at which the expected torque changes [rad/s]."""

TRUSTED = 0.9
"""Confidence below which nothing new counts as contact: the torque is cut for other reasons, and
the robot does not do what the model was asked about."""

AFTERMATH = 0.6
"""How long after a contact deviations still say nothing about the model [s]: what it remembers was
held while the robot moved on."""

BRIEF_TOUCH = 0.2
"""How long whatever touches the robot excuses a deviation, and is kept from the model [s]."""

LONGEST_TOUCH = 1.0
"""The same of what is like a force at the tool, which an error of the model hardly is [s]."""

USUAL_LIMIT = 50.0
"""Effort limit assumed where none is known [N m] or [N]."""


class FrozenSensor:
    """Notices joints whose values stand still while their command does not.

    A sensor or driver that has died often repeats its last values under new stamps. A robot that
    holds still may do the same, so that only a joint counts whose command has changed since its
    values last did: torque that rises and falls leaves a trace in position, velocity or effort.

    Args:
        change: Change of the command that must leave a trace [N m] or [N], shape (n_joints,).
        patience: How long the values must have stood still [s].
    """

    def __init__(self, change: Vector, patience: float) -> None:
        self._change = change
        self._patience_ns = nanoseconds(patience)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._before: JointState | None = None
        self._stamp_ns = 0

    def check(self, state: JointState, command: Vector) -> NDArray[np.bool_]:
        """Judge the next measurement.

        Args:
            state: The measurement. NaN stands for what is not measured.
            command: Effort that was commanded by anyone this package knows of, at that time
                [N m] or [N], shape (n_joints,).

        Returns:
            Which joints are frozen, shape (n_joints,).
        """
        before, self._before = self._before, state
        newer = before is not None and state.stamp_ns > self._stamp_ns
        if before is None or state.stamp_ns < self._stamp_ns or (newer and _moved(before, state)):
            self._stamp_ns = state.stamp_ns
            self._since_ns = np.full(len(command), state.stamp_ns)
            self._low, self._high = command.copy(), command.copy()
            return np.zeros(len(command), dtype=np.bool_)
        if newer:
            values, others = np.stack(state[1:]), np.stack(before[1:])
            same = ((values == others) | (np.isnan(values) & np.isnan(others))).all(axis=0)
            self._stamp_ns = state.stamp_ns
            self._since_ns = np.where(same, self._since_ns, state.stamp_ns)
            self._low = np.where(same, np.fmin(self._low, command), command)
            self._high = np.where(same, np.fmax(self._high, command), command)
        still = self._stamp_ns - self._since_ns >= self._patience_ns
        return still & (self._high - self._low > self._change)


def _moved(before: JointState, state: JointState) -> bool:
    """Return whether every joint has another position than before, which is the usual case."""
    known = math.isfinite(sum(before.position.tolist()))
    return known and True not in (state.position == before.position).tolist()


class TrustMonitor:
    """Confidence, contact and frozen sensors of one robot.

    Args:
        card: Card of the model: its training ranges, and the bands and errors that its deviations
            are judged by. Without a band only the training range counts, and there is no contact.
        settings: When what counts as what; may be replaced.
        prior: Rigid-body model; one that knows the effort of a payload lets it be no contact.
        motion_model: Whether deviations are torques, of a model that is asked about motions.
        range_margin: How far outside its training range a feature still counts as inside, as a
            share of the range.
    """

    def __init__(
        self,
        card: ModelCard,
        settings: SafetySettings,
        prior: Prior | None,
        *,
        motion_model: bool,
        range_margin: float = 0.1,
    ) -> None:
        kind, horizon = ('effort', 0) if motion_model else ('velocity', 1)
        band = error_band(card, kind, horizon=horizon)
        if motion_model and card.columns('disturbance') is None:
            band = None  # nothing is measured that its errors could be seen by
        usual = card.errors.get(str(horizon), {}).get(kind, {}).get('model')
        self._band = None if band is None else np.maximum(band, 1e-9)
        self._usual = np.full(card.n_joints, np.inf)
        typical = 1.0
        if self._band is not None and usual is not None:
            self._usual = np.maximum(usual, 1e-9)
            typical = typical_score(self._usual, self._band)
        self._dt = card.dt
        self._motion_model = motion_model
        self._carrier = prior if isinstance(prior, PayloadModel) else None
        model: object = prior
        self._tool = model if isinstance(model, ToolModel) else None
        self._rest = np.zeros(card.n_joints)
        self._ranges = FeatureRanges.from_card(card, settings.confidence.range_tolerance)
        self._features = RangeCheck(card, range_margin)
        self.confidence = Confidence(settings.confidence, typical)
        """Trust in the model."""
        self.contact = ContactDetector(settings.contact, card.n_joints, card.dt)
        """Whether something touches the robot."""
        self._smooth = LowPass(card.n_joints, bandwidth=settings.contact.bandwidth, smoothing=None)
        self._noise = np.zeros(card.n_joints)
        self._noise_step = -math.expm1(-card.dt / NOISE_WINDOW)
        self._expected = np.zeros(card.n_joints)
        self._rate_step = -math.expm1(-card.dt * RATE_BANDWIDTH)
        limits = card.effort_limits or (None,) * card.n_joints
        largest = np.array([USUAL_LIMIT if limit is None else limit for limit in limits])
        self._sensor = FrozenSensor(SENSOR_CHANGE * largest, SENSOR_PATIENCE)
        self._names = card.joint_names
        self._aftermath = 0.0
        self.payload = PayloadRange(card)
        """Whether the payload is one that the model was trained on."""
        self.dead: tuple[str, ...] = ()
        """Joints whose measurement stands still although their command changes."""

    @property
    def touched(self) -> bool:
        """Whether contact has begun so lately that nothing else need be the matter.

        What lasts longer may be an error of the model, which must lower trust, and which it can
        only mend if it sees the measured effort.
        """
        longest = LONGEST_TOUCH if self.contact.at_tool else BRIEF_TOUCH
        return self.contact.contact and self.contact.duration < longest

    def use(self, settings: SafetySettings) -> None:
        """Take over settings while running.

        Raises:
            ConfigError: If they do not fit together.
        """
        self.confidence.settings = settings.confidence
        self.contact.settings = settings.contact
        self._smooth.bandwidth = settings.contact.bandwidth

    def reset(self) -> None:
        """Forget the past; trust is earned anew."""
        self.confidence.reset()
        self.contact.reset()
        self._smooth.reset()
        self._noise[:] = 0.0
        self._expected[:] = 0.0
        self._sensor.reset()
        self.dead = ()
        self.payload.reset()
        self._aftermath = 0.0

    def judge(self, step: Step, commanded_effort: Vector | None) -> None:
        """Judge model and sensors by a step, and fill in what was found.

        Args:
            step: The newest step.
            commanded_effort: Effort that was commanded by anyone this package knows of [N m] or
                [N], shape (n_joints,); None if that is not known.
        """
        if step.prediction is not None:
            self.update(
                step.measured,
                step.observation,
                step.deviation,
                commanded_effort,
                expected=step.expected,
                warm=step.warm,
            )
        if step.is_control:
            step.touched = step.frozen = self.touched
            step.contact = self.contact.contact
            step.confidence = self.confidence.value
            heavy = (RANGE_NAME,) if self.payload.overloaded else ()
            step.outside_range = (*self._features.outside(step.observation), *heavy)

    def update(
        self,
        measured: JointState,
        observation: Vector,
        deviation: Vector | None,
        commanded_effort: Vector | None,
        *,
        expected: Vector | None = None,
        warm: bool,
    ) -> None:
        """Take in a grid point.

        Args:
            measured: The state.
            observation: What the model saw of it, shape (n_features,).
            deviation: How far the state is from what was predicted of it, shape (n_joints,);
                None if nothing was.
            commanded_effort: As in :meth:`judge`.
            expected: What was predicted, if that is a torque, shape (n_joints,): the larger it is
                and the faster it changes, the more it may be wrong.
            warm: Whether what the model predicts means something yet.
        """
        overshoot = max(
            range_score(observation, self._ranges),
            self.payload.update(observation) / self.confidence.settings.range_tolerance,
        )
        if self._band is None:
            if warm:
                self.confidence.update(0.0, self._dt, overshoot=overshoot)
        elif deviation is not None:
            if self._motion_model:
                deviation, band = self._smoothed(deviation, self._band, expected)
            else:
                band = self._band
            if warm:
                score = band_score(deviation, band)
                if self._motion_model:
                    score = self._detect_contact(measured, deviation, band, score)
                self._aftermath = AFTERMATH if self.touched else self._aftermath - self._dt
                if self._aftermath > 0.0:
                    self.confidence.hold(self._dt, overshoot=overshoot)
                else:
                    self.confidence.update(score, self._dt, overshoot=overshoot)
        if commanded_effort is not None:
            still = self._sensor.check(measured, commanded_effort).tolist()
            self.dead = tuple(compress(self._names, still)) if True in still else ()

    def _smoothed(
        self, residual: Vector, band: Vector, expected: Vector | None
    ) -> tuple[Vector, Vector]:
        """Return a residual without most of its noise, and the band widened by what is left."""
        smooth = self._smooth.update(residual, self._dt)
        taken = residual - smooth
        self._noise += self._noise_step * (taken * taken - self._noise)
        noise = noise_left_of_acceleration(self._smooth.bandwidth, self._dt) ** 2 * self._noise
        wide = band * band * (1.0 + noise / (self._usual * self._usual))
        if expected is not None:
            before = self._expected.copy()
            self._expected += self._rate_step * (expected - self._expected)
            settings = self.contact.settings
            late = settings.lateness / self._dt * (self._expected - before)
            share = settings.effort_share * expected
            wide += share * share + late * late
        return smooth, np.sqrt(wide)

    def _detect_contact(
        self, measured: JointState, residual: Vector, band: Vector, score: float
    ) -> float:
        """Look for contact, and return the score less a payload that was recognised."""
        contact = self.contact
        if not contact.contact and self.confidence.value < TRUSTED:
            contact.reset()
            return score
        columns: Matrix | None = None
        jacobian: Matrix | None = None
        scaled = residual / band
        if not contact.calm(math.sqrt(scaled.dot(scaled))):
            if self._carrier is not None:
                columns = self._carrier.payload_torque(measured.position, self._rest, self._rest)
            if self._tool is not None:
                jacobian = self._tool.tool_jacobian(measured.position)
        contact.update(residual, band, columns, jacobian)
        return min(score, contact.score) if contact.payload else score
