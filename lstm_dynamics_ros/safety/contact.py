# SPDX-License-Identifier: Apache-2.0
"""Whether something touches the robot, from torque that the model does not expect."""

from dataclasses import dataclass
import math
from typing import NamedTuple, Protocol, runtime_checkable

from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Matrix, Vector
import numpy as np


@dataclass(frozen=True, kw_only=True)
class ContactSettings:
    """When unexpected torque counts as contact."""

    threshold: float = parameter(
        1.8,
        'Unexpected torque that counts as contact if a force at the tool explains it, in units of '
        'its band and over all joints together.',
        minimum=0.1,
        reconfigurable=True,
    )
    unlike: float = parameter(
        0.4,
        'What a force at the tool may leave unexplained, as a share of what it explains.',
        minimum=0.0,
        maximum=10.0,
        reconfigurable=True,
    )
    anywhere: float = parameter(
        2.5,
        'So many times the threshold is contact whatever explains it.',
        minimum=1.0,
        reconfigurable=True,
    )
    release: float = parameter(
        0.7,
        'Share of the threshold below which the contact ends.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    confirm_time: float = parameter(
        0.015,
        'How long the torque must stay above the threshold.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    hold_time: float = parameter(
        0.3,
        'How long it must stay below for the contact to end.',
        unit='s',
        minimum=0.0,
        maximum=60.0,
        reconfigurable=True,
    )
    bandwidth: float = parameter(
        60.0,
        'Low-pass of the unexpected torque, against noise of the encoders.',
        unit='rad/s',
        minimum=1.0,
        maximum=10_000.0,
        reconfigurable=True,
    )
    effort_share: float = parameter(
        0.05,
        'Share of the torque a model expects that it may be wrong by; widens the bands.',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    lateness: float = parameter(
        0.09,
        'How late what a model expects may be: the faster that changes, the wider the bands.',
        unit='s',
        minimum=0.0,
        maximum=1.0,
        reconfigurable=True,
    )
    max_payload: float = parameter(
        5.0,
        'Largest change of the payload that explains torque, if its direction is known. 0 '
        'explains none.',
        unit='kg',
        minimum=0.0,
        reconfigurable=True,
    )
    min_payload: float = parameter(
        1.0,
        'Smallest payload that is recognised at once: it comes suddenly, while a force builds up.',
        unit='kg',
        minimum=0.0,
        reconfigurable=True,
    )
    weight_after: float = parameter(
        1.0,
        'A contact that is like a weight for this long is taken for one, and ends. 0 never does.',
        unit='s',
        minimum=0.0,
        reconfigurable=True,
    )
    disarm_after: float = parameter(
        0.0,
        'Revoke torque after a contact of this length. 0 never does.',
        unit='s',
        minimum=0.0,
        reconfigurable=True,
    )


SMALLEST_SINGULAR = 1e-6
"""Directions in which a force is felt less than this, relative to the best, are not estimated."""


@runtime_checkable
class ToolModel(Protocol):
    """A model of the robot that knows how its tool moves with its joints."""

    def tool_jacobian(self, position: Vector) -> Matrix:
        """Return how the tool moves with the joints [m/rad] or [m/m], shape (3, n_joints)."""


class ToolForce(NamedTuple):
    """The force at the tool that explains a residual best."""

    force: Vector
    """Force that the robot exerts on its surroundings [N], shape (3,), axes of the base."""
    explained: float
    """Length of what it explains of the residual, in units of the band."""
    left: float
    """Length of what it leaves."""


def tool_force(residual: Vector, band: Vector, jacobian: Matrix) -> ToolForce:
    """Return the force at the tool that explains a residual best.

    The residual of a force at the tool lies in the three directions ``J' f``; errors of a model
    lie anywhere. Least squares in units of the band, ``min |(r - J' f) / band|``.

    Source: S. Haddadin, A. De Luca, A. Albu-Schaeffer, "Robot collisions: a survey on detection,
    isolation, and identification", IEEE T-RO 33(6), 2017, section VII (identification).

    Args:
        residual: Torque that the model did not expect [N m] or [N], shape (n_joints,).
        band: Half-width of what the model may be wrong by, > 0, shape (n_joints,).
        jacobian: How the tool moves with the joints [m/rad] or [m/m], shape (3, n_joints).
    """
    scaled, columns = residual / band, (jacobian / band).T
    force = np.asarray(np.linalg.lstsq(columns, scaled, rcond=SMALLEST_SINGULAR)[0], np.float64)
    by_force = columns @ force
    return ToolForce(
        force, float(np.linalg.norm(by_force)), float(np.linalg.norm(scaled - by_force))
    )


DECISION_TIME = 0.05
"""How long torque that is like a small weight may take to become that of a large one [s]."""

SIDEWAYS = 0.5
"""Share of a force at the tool that no weight explains, from which it is none."""

STRANGE_TIME = 0.02
"""How long a residual may be unlike a force until it is not taken for one any more [s]."""

WEIGHT_LEFT = (0.25, 0.6)
"""What a weight may leave unexplained, as a share of the whole: before it is taken for one, and
after that, while the arm jolts."""

SETTLING_TIME = 2.0
"""How long after a payload a residual that is like one, of either sign, is no contact, and any
other must be large to be one [s]: what adapts to it may overshoot."""


class ContactDetector:
    """Tells contact from errors of the model and from payload.

    The score is the length of the residual over its band. A force at the tool differs from an
    error of the model by what it leaves: the error is of any direction, and hardly ever that of
    a force. Where nothing is known of the tool, and for whatever touches the arm elsewhere, the
    score must be larger by the factor ``anywhere``. Where the torque of a payload is known, a
    residual that it explains (least squares, in units of the band) is no contact if the mass is
    positive and reaches ``min_payload`` at once: what is picked up comes suddenly, while the force
    of whatever is run into builds up, and a weight that is lost looks like a support from below.
    A force that has been like a weight for ``weight_after`` is taken for one, because a payload
    that was dropped must not pass for contact for ever.

    Source: residual of the disturbance observer as collision signal, S. Haddadin, A. De Luca,
    A. Albu-Schaeffer, "Robot collisions: a survey on detection, isolation, and identification",
    IEEE T-RO 33(6), 2017.

    Args:
        settings: When it counts as contact; may be replaced between steps.
        n_joints: Number of joints.
        period: Time between two steps [s].

    Raises:
        ConfigError: If the period is not positive.
    """

    def __init__(self, settings: ContactSettings, n_joints: int, period: float) -> None:
        if not period > 0:
            raise ConfigError(f'The control period must be > 0 s, got {period}.')
        self.settings = settings
        self._shape = (n_joints,)
        self._period = period
        self.count = 0
        """Contacts since the start."""
        self.reset()

    @property
    def disarms(self) -> bool:
        """Whether torque is to be revoked because of a long contact."""
        return 0.0 < self.settings.disarm_after <= self.duration + 1e-9

    def reset(self) -> None:
        """Forget the present contact; the count stays."""
        self.contact = False
        """Whether there is contact."""
        self.score = 0.0
        """Length of the residual in units of its band, less a payload that was recognised."""
        self.at_tool = False
        """Whether the present contact is like a force at the tool, and unlike a weight there."""
        self.duration = 0.0
        """How long the present contact has lasted [s]; 0 without one."""
        self.payload = False
        """Whether the residual is that of a payload which the model does not know yet."""
        self._above = self._below = self._like_weight = self._settling = 0.0
        self._strange = 0.0

    def update(
        self,
        residual: Vector,
        band: Vector,
        explained_by: Matrix | None = None,
        jacobian: Matrix | None = None,
    ) -> bool:
        """Take in the residual of the newest step.

        Args:
            residual: Measured disturbance minus what the model expects [N m] or [N], shape
                (n_joints,). With a NaN in it nothing is known, and everything stays.
            band: Half-width of what the model may be wrong by, > 0, shape (n_joints,).
            explained_by: Torque of a payload, one column per unknown, shape (n_joints, p); the
                first is the weight of 1 kg at the tool [N m/kg], others have no bound. It is only
                looked at above :meth:`calm`.
            jacobian: How the tool moves with the joints [m/rad] or [m/m], shape (3, n_joints);
                looked at likewise.

        Returns:
            Whether there is contact.

        Raises:
            ShapeError: If the arrays do not fit the robot.
        """
        for what, array in (('Residual', residual), ('Band', band)):
            if array.shape != self._shape:
                raise ShapeError(what, self._shape, array.shape)
        scaled = residual / band
        score = math.sqrt(scaled.dot(scaled))
        pushed = self._pushed(residual, band, score, jacobian)
        sideways = pushed is not None and self._sideways(pushed, scaled, band, explained_by)
        mass, left = 0.0, score
        if explained_by is not None and self.settings.max_payload > 0.0:
            if explained_by.shape[:1] != self._shape or explained_by.ndim != 2:
                raise ShapeError('Regressor', (*self._shape, 1), explained_by.shape)
            if not self.calm(score) and math.isfinite(score):
                mass, left = self._weigh(scaled, explained_by / band[:, None])
        if not math.isnan(score):
            self._judge(score, left, mass, sideways=sideways)
        return self.contact

    def _pushed(
        self, residual: Vector, band: Vector, score: float, jacobian: Matrix | None
    ) -> ToolForce | None:
        """Return the force at the tool that explains a residual, small or large; None if none."""
        if jacobian is None or self.calm(score) or not math.isfinite(score):
            return None
        if jacobian.shape != (3, *self._shape):
            raise ShapeError('Jacobian', (3, *self._shape), jacobian.shape)
        found = tool_force(residual, band, jacobian)
        return found if found.left <= self.settings.unlike * found.explained else None

    def _sideways(
        self, found: ToolForce, scaled: Vector, band: Vector, explained_by: Matrix | None
    ) -> bool:
        """Return whether a weight at the tool explains too little of a force there."""
        if explained_by is None:
            return True
        weight = explained_by[:, 0] / band
        size = float(weight @ weight)
        by_weight = float(weight @ scaled) ** 2 / size if size > 1e-12 else 0.0
        return found.explained**2 - by_weight > (SIDEWAYS * found.explained) ** 2

    def calm(self, score: float) -> bool:
        """Return whether a score is far below the threshold."""
        return score < self.settings.release * self.settings.threshold

    def _weigh(self, scaled: Vector, columns: Matrix) -> tuple[float, float]:
        """Return the mass that explains most by itself, and the score that all columns leave."""
        most, weight = self.settings.max_payload, columns[:, 0]
        size = float(weight @ weight)
        if not (np.isfinite(columns).all() and size > 1e-12):
            return 0.0, float(np.linalg.norm(scaled))  # no weight in this pose explains nothing
        mass = min(most, max(-most, float(weight @ scaled) / size))
        left = scaled - mass * weight
        if columns.shape[1] > 1:
            others = columns[:, 1:]
            best = float(np.linalg.lstsq(columns, scaled, rcond=1e-6)[0][0])
            left = scaled - min(most, max(-most, best)) * weight
            left = left - others @ np.linalg.lstsq(others, left, rcond=1e-6)[0]
        return mass, float(np.linalg.norm(left))

    def _judge(self, score: float, left: float, mass: float, *, sideways: bool) -> None:
        """Begin or end the contact."""
        settings, period = self.settings, self._period
        calm = self.calm(score)
        sure = sideways and self._settling == 0.0
        loud = score > settings.threshold * (1.0 if sure else settings.anywhere)
        share = WEIGHT_LEFT[self.payload or self._settling > 0.0]
        like_weight = left <= max(settings.threshold, share * score) and mass != 0.0
        if calm or not like_weight:
            self.payload = False
        elif (mass >= settings.min_payload or self._settling > 0.0) and not self.contact:
            self.payload = True
        self._settling = max(0.0, self._settling - period)
        if self.payload and mass >= settings.min_payload:
            self._settling = SETTLING_TIME
        self._above = self._above + period if loud and not self.payload else 0.0
        self._below = self._below + period if calm else 0.0
        self.score = left if self.payload else score
        if self.contact:
            self._go_on(like_weight=like_weight, like_force=sideways or calm)
            return
        wait = settings.confirm_time
        if mass > 0.0 and (like_weight or not sideways):
            wait = max(wait, DECISION_TIME)
        if self._above > 0.0 and self._above >= wait - 1e-9:
            self.contact, self.at_tool = True, sideways
            self.count += 1
            self._like_weight = self._strange = 0.0

    def _go_on(self, *, like_weight: bool, like_force: bool) -> None:
        """Look whether the contact has ended, or was none."""
        settings, period = self.settings, self._period
        self.duration += period
        self._like_weight = self._like_weight + period if like_weight else 0.0
        self._strange = 0.0 if like_force else self._strange + period
        if self._strange >= STRANGE_TIME:
            self.at_tool = False
        weight = 0.0 < settings.weight_after <= self._like_weight + 1e-9
        if weight or (self._below > 0.0 and self._below >= settings.hold_time - 1e-9):
            self.contact = self.at_tool = False
            self.payload = weight
            self.duration = 0.0
