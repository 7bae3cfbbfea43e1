# SPDX-License-Identifier: Apache-2.0
"""What an inverse model for control is asked: the motion to come, and what was measured so far."""

from collections import deque
import math

from lstm_dynamics_ros.control.base import Prior
from lstm_dynamics_ros.core.card import ModelCard, PAST_KIND, PAYLOAD_KINDS
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, NANOSECONDS, Reference, Vector
from lstm_dynamics_ros.signals.disturbance import DisturbanceFilter, PayloadModel
import numpy as np

MOTION_KINDS = ('position', 'velocity', 'acceleration')
"""Features that say which motion is meant."""


class MotionInput:
    """Makes the observations of a motion model, and compares what it said with what came.

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
        self._costs = [where for kind in PAYLOAD_KINDS if (where := card.columns(kind))]
        if self._costs:
            if not isinstance(prior, PayloadModel):
                raise ConfigError(
                    f'{card.name} wants to know what a payload costs, which a rigid-body model '
                    f'from a URDF knows, got {type(prior).__name__}.'
                )
            self._carrier = prior
        self._past = card.columns(PAST_KIND)
        self._filter: DisturbanceFilter | None = None
        if card.columns('disturbance') is not None:
            wraps = [kind == 'continuous' for kind in card.joint_types]
            self._filter = DisturbanceFilter(
                prior, period=card.dt, bandwidth=card.disturbance_bandwidth, continuous=wraps,
                payload=self._past is not None,
            )  # fmt: skip
        kinds = (*MOTION_KINDS, 'disturbance')
        self._columns = [(kind, where) for kind in kinds if (where := card.columns(kind))]
        self._row = np.zeros(len(card.features))
        self._rest = np.zeros(card.n_joints)
        self._told: deque[tuple[int, Vector]] = deque(maxlen=1000)
        self.motion: Reference | None = None
        """The motion that was asked about last."""
        self.expected: Vector | None = None
        """What the model had said about the time of the newest disturbance [N m] or [N], shape
        (n_joints,); None where it had said nothing."""
        self.residual: Vector | None = None
        """Newest measured disturbance, one step old, minus what the model had said for that time
        [N m] or [N], shape (n_joints,); None where it had said nothing."""

    @property
    def raw(self) -> Vector | None:
        """Newest measured disturbance, one step old [N m] or [N]; None before there is one."""
        ready = self._filter is not None and self._filter.ready
        return self._filter.raw if ready and self._filter is not None else None

    def reset(self) -> None:
        """Forget everything measured so far."""
        if self._filter is not None:
            self._filter.reset()
        self._told.clear()
        self.expected = self.residual = None

    def observe(
        self, state: JointState, preview: Reference | None, *, frozen: bool = False
    ) -> Vector:
        """Return the observation of the next grid point, shape (n_features,).

        Effort that is not finite where a disturbance is made of it is forgotten with all else, and
        refused where the model is stepped: the filter would start again from zero.

        Args:
            state: Measured state.
            preview: Where the robot is told to be one latency later.
            frozen: Whether what is measured must leave no trace, e.g. in contact; the model then
                goes on with what it expects itself.
        """
        motion = preview
        if motion is None:
            ahead = self._latency_ns / NANOSECONDS
            position = state.position + ahead * state.velocity
            motion = Reference(
                state.stamp_ns + self._latency_ns, position, state.velocity, self._rest
            )
        self.motion = motion
        measured = {}
        if self._filter is not None:
            if not math.isfinite(float(state.effort.sum())):
                self.reset()
                self._row[:] = np.nan
                return self._row
            self.expected = self._said_for(state.stamp_ns - self._dt_ns)
            measured['disturbance'] = self._filter.update(
                state.position, state.effort, expected=self.expected, frozen=frozen
            )
            raw, expected = self.raw, self.expected
            self.residual = None if raw is None or expected is None else raw - expected
        for kind, columns in self._columns:
            self._row[columns] = measured[kind] if kind in measured else getattr(motion, kind)
        if self._past is not None and self._filter is not None:
            self._row[self._past] = self._filter.payload
        if self._carrier is not None:
            costs = self._carrier.payload_torque(
                motion.position, motion.velocity, motion.acceleration
            )
            for where, cost in zip(self._costs, costs.T, strict=True):
                self._row[where] = cost
        return self._row

    def tell(self, prediction: Vector) -> None:
        """Remember what the model said about the motion, to compare it when that has come."""
        if self.motion is not None:
            self._told.append((self.motion.stamp_ns, prediction))

    def effort(self, prediction: Vector) -> Vector:
        """Return the whole effort that the motion takes [N m] or [N], shape (n_joints,)."""
        motion = self.motion
        if self._prior is None or motion is None:
            return prediction
        return prediction + self._prior.torque(
            motion.position, motion.velocity, motion.acceleration
        )

    def _said_for(self, stamp_ns: int) -> Vector | None:
        """Return what was said about a time [ns]; None if nothing was."""
        half = self._dt_ns // 2
        while self._told and self._told[0][0] < stamp_ns - half:
            self._told.popleft()
        known = bool(self._told) and self._told[0][0] <= stamp_ns + half
        return self._told[0][1] if known else None


def is_motion_model(card: ModelCard) -> bool:
    """Return whether a model is asked about whole motions, acceleration included."""
    return card.model_kind != 'forward' and card.columns('acceleration') is not None
