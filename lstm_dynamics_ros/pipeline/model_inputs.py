# SPDX-License-Identifier: Apache-2.0
"""What a model sees of a grid point: the state, the reference, and what was measured so far."""

from collections import deque
import math

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.card import ModelCard, PAST_KIND, PAYLOAD_KINDS, PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import (
    JointState,
    NANOSECONDS,
    Reference,
    ReferenceSource,
    Vector,
)
from lstm_dynamics_ros.pipeline.step import Step
from lstm_dynamics_ros.signals.disturbance import DisturbanceFilter, PayloadModel
from lstm_dynamics_ros.signals.rigid_body_effort import PriorEffort
from lstm_dynamics_ros.signals.time_grid import continuous_joints, nanoseconds
import numpy as np

MOTION_KINDS = ('position', 'velocity', 'acceleration')
"""Features that say which motion is meant."""


class MotionInput:
    """Makes the observations of a motion model, and compares its predictions with what came.

    The motion is that of the reference one latency ahead, so that the torque is right when it
    acts. Where there is no reference, the robot is taken to go on as it does.

    Args:
        card: Card of a model that :func:`is_motion_model` accepts.
        prior: Rigid-body prior of the card; None if it has none.
        latency_ns: Time from a measurement to the moment its correction acts [ns].

    Raises:
        ConfigError: If the card has a prior and none is given.
    """

    def __init__(self, card: ModelCard, prior: Prior | None, latency_ns: int) -> None:
        if card.physics_prior is not None and prior is None:
            raise ConfigError(
                f'{card.name} corrects the rigid-body model {card.physics_prior["source"]}, and '
                'none was given. Install pinocchio (pip install pin).'
            )
        self._prior = prior
        self._latency_ns = latency_ns
        self._dt_ns = round(card.dt * NANOSECONDS)
        self._carrier: PayloadModel | None = None
        self._payload = [where for kind in PAYLOAD_KINDS if (where := card.columns(kind))]
        if self._payload:
            if not isinstance(prior, PayloadModel):
                raise ConfigError(
                    f'{card.name} needs the effort per kilogram of payload, which a rigid-body '
                    f'model from a URDF knows, got {type(prior).__name__}.'
                )
            self._carrier = prior
        self._past = card.columns(PAST_KIND)
        self._filter: DisturbanceFilter | None = None
        if card.columns('disturbance') is not None:
            self._filter = DisturbanceFilter(
                prior,
                period=card.dt,
                bandwidth=card.disturbance_bandwidth,
                continuous=continuous_joints(card.joint_types),
                payload=self._past is not None,
            )
        self._columns = [
            (Reference._fields.index(kind), where)
            for kind in MOTION_KINDS
            if (where := card.columns(kind)) is not None
        ]
        self._disturbance = card.columns('disturbance')
        self._row = np.zeros(len(card.features))
        self._rest = np.zeros(card.n_joints)
        self._predictions: deque[tuple[int, Vector]] = deque(maxlen=1000)
        self.motion: Reference | None = None
        """The motion that was asked about last."""
        self.expected: Vector | None = None
        """What the model had predicted for the time of the newest disturbance [N m] or [N], shape
        (n_joints,); None where it had predicted nothing."""
        self.residual: Vector | None = None
        """Newest measured disturbance, one step old, minus :attr:`expected` [N m] or [N], shape
        (n_joints,); None where nothing was predicted."""

    @property
    def raw(self) -> Vector | None:
        """Newest measured disturbance, one step old [N m] or [N]; None before there is one."""
        ready = self._filter is not None and self._filter.ready
        return self._filter.raw if ready and self._filter is not None else None

    def reset(self) -> None:
        """Forget everything measured so far."""
        if self._filter is not None:
            self._filter.reset()
        self._predictions.clear()
        self.expected = self.residual = None

    def observe(
        self, state: JointState, preview: Reference | None, *, frozen: bool = False
    ) -> Vector:
        """Return the observation of the next grid point, shape (n_features,).

        Effort that is not finite where a disturbance is made of it is forgotten with all else, and
        refused where the model is stepped: the filter would start again from zero.

        Args:
            state: Measured state.
            preview: Reference one latency later.
            frozen: Whether what is measured must leave no trace, e.g. in contact; the model then
                goes on with what it predicted itself.
        """
        motion = preview
        if motion is None:
            ahead = self._latency_ns / NANOSECONDS
            position = state.position + ahead * state.velocity
            motion = Reference(
                state.stamp_ns + self._latency_ns, position, state.velocity, self._rest
            )
        self.motion = motion
        row = self._row
        if self._filter is not None:
            if not all(map(math.isfinite, state.effort.tolist())):
                self.reset()
                row[:] = np.nan
                return row
            self.expected = self._prediction_for(state.stamp_ns - self._dt_ns)
            row[self._disturbance] = self._filter.update(
                state.position, state.effort, expected=self.expected, frozen=frozen
            )
            raw, expected = self.raw, self.expected
            self.residual = None if raw is None or expected is None else raw - expected
            if self._past is not None:
                row[self._past] = self._filter.payload
        for place, columns in self._columns:
            row[columns] = motion[place]
        if self._carrier is not None:
            efforts = self._carrier.payload_torque(
                motion.position, motion.velocity, motion.acceleration
            )
            for where, effort in zip(self._payload, efforts.T, strict=True):
                row[where] = effort
        return row

    def remember(self, prediction: Vector) -> None:
        """Keep what the model predicts for the motion, to compare it when that has come."""
        if self.motion is not None:
            self._predictions.append((self.motion.stamp_ns, prediction))

    def rigid_body_effort(self) -> Vector | None:
        """Return what the rigid-body model says the motion takes, (n_joints,); None without."""
        motion = self.motion
        if self._prior is None or motion is None:
            return None
        return self._prior.torque(motion.position, motion.velocity, motion.acceleration).copy()

    def _prediction_for(self, stamp_ns: int) -> Vector | None:
        """Return what was predicted for a time [ns]; None if nothing was."""
        half, kept = self._dt_ns // 2, self._predictions
        while kept and kept[0][0] < stamp_ns - half:
            kept.popleft()
        known = bool(kept) and kept[0][0] <= stamp_ns + half
        return kept[0][1] if known else None


class PriorInput:
    """Makes the observations of such a model.

    Args:
        card: Card of a model with the feature ``prior_effort``.
        prior: Rigid-body prior of the card.

    Raises:
        ConfigError: If no prior is given.
    """

    def __init__(self, card: ModelCard, prior: Prior | None) -> None:
        if prior is None or card.physics_prior is None:
            raise ConfigError(
                f'{card.name} needs a rigid-body model, for the effort of motions, and none was '
                'given. Install pinocchio (pip install pin).'
            )
        self._effort = PriorEffort(
            prior,
            window=card.prior_window,
            delay=card.prior_delay,
            dt=card.dt,
            continuous=continuous_joints(card.joint_types),
        )
        self._columns = [(kind, card.columns(kind)) for kind in _kinds(card)]
        self._row = np.zeros(len(card.features))

    def reset(self) -> None:
        """Forget what was measured."""
        self._effort.reset()

    def observe(self, state: JointState) -> Vector:
        """Return the observation of the next grid point, shape (n_features,).

        A measurement that is not finite is forgotten, and refused where the model is stepped.
        """
        if not (np.isfinite(state.position).all() and np.isfinite(state.velocity).all()):
            self.reset()
            self._row[:] = np.nan
            return self._row
        for kind, columns in self._columns:
            self._row[columns] = (
                self._effort.update(state.position, state.velocity)
                if kind == PRIOR_KIND
                else getattr(state, kind)
            )
        return self._row


class ModelInputs:
    """The stage that looks up the reference and makes the observation of the model.

    Args:
        card: Card of the model.
        prior: Rigid-body prior of the card; None if it has none.
        latency_ns: Time from a measurement to the moment its correction acts [ns].

    Raises:
        ConfigError: If the card has a prior and none is given.
    """

    def __init__(self, card: ModelCard, prior: Prior | None, latency_ns: int) -> None:
        self.reference: ReferenceSource | None = None
        """Knows the reference; None without one. May be replaced."""
        self.motion = MotionInput(card, prior, latency_ns) if is_motion_model(card) else None
        """Observations of a motion model; None for others."""
        self._prior = PriorInput(card, prior) if card.columns(PRIOR_KIND) is not None else None
        self._latency_ns = latency_ns
        self._drive_ns = nanoseconds(card.drive_delay)
        self._columns = [(kind, card.columns(kind)) for kind in _kinds(card)]
        self._row = np.zeros(len(card.features))

    def reset(self) -> None:
        """Forget what was measured and predicted."""
        if self.motion is not None:
            self.motion.reset()
        if self._prior is not None:
            self._prior.reset()

    def look_up(self, step: Step) -> None:
        """Fill in the reference."""
        source, acts_ns = self.reference, step.stamp_ns + self._latency_ns
        if source is None:
            step.preview = step.reference = step.commanded = None
            return
        step.preview = source.at(acts_ns)
        if step.is_control:
            step.reference = source.at(step.stamp_ns)
            step.commanded = source.at(acts_ns - self._drive_ns)

    def observe(self, step: Step, *, touched: bool) -> None:
        """Fill in what the model sees.

        Args:
            step: The newest step.
            touched: Whether something began to touch the robot so lately that what is measured
                must leave no trace. Only contact is kept out: what is measured stays true when
                torque is cut, and a model that stood still because it is wrong would never get
                right again.
        """
        motion = self.motion
        if motion is not None:
            step.observation = motion.observe(step.measured, step.preview, frozen=touched)
            step.motion = motion.motion
            step.disturbance = motion.raw
            step.expected, step.residual = motion.expected, motion.residual
            if step.is_control:
                step.rigid_body_effort = motion.rigid_body_effort()
            return
        step.motion = step.rigid_body_effort = step.disturbance = None
        step.expected = step.residual = None
        if self._prior is not None:
            step.observation = self._prior.observe(step.measured)
            return
        for kind, columns in self._columns:
            self._row[columns] = getattr(step.measured, kind)
        step.observation = self._row

    def remember(self, step: Step) -> None:
        """Keep what a motion model predicts, to compare it when its time has come."""
        if self.motion is not None and step.prediction is not None:
            self.motion.remember(step.prediction)


def is_motion_model(card: ModelCard) -> bool:
    """Return whether a model is asked about whole motions, acceleration included."""
    return card.model_kind != 'forward' and card.columns('acceleration') is not None


def _kinds(card: ModelCard) -> list[str]:
    """Return the kinds of features, in their order."""
    return list(dict.fromkeys(signal.kind for signal in card.features))
