# SPDX-License-Identifier: Apache-2.0
"""Feed-forward of the effort that the reference takes, alone or with a slow observer (default)."""

from collections import deque
from dataclasses import dataclass
import math
from typing import ClassVar, final

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
    Prior,
    settings_as,
)
from lstm_dynamics_ros.control.margin import (
    bandwidth_setting,
    bleed_setting,
    check_bandwidth,
    inertia_ratio_setting,
    low_margin_setting,
)
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.state import Reference, Vector
from lstm_dynamics_ros.signals.time_grid import nanoseconds
import numpy as np

BASES = ('card', 'rigid_body_feedforward', 'gravity', 'nothing')
"""What the robot's own controller may add already."""


@dataclass(frozen=True, kw_only=True)
class FeedforwardSettings(ControllerConfig):
    """What a feed-forward needs to know of the robot's own controller."""

    base_compensates: str = parameter(
        'card',
        "What the robot's own controller adds already: the rigid-body torque of the reference, "
        'gravity, or nothing. card takes what driver_compensates in the model card says.',
        choices=BASES,
    )


@CONTROLLERS.register('feedforward')
@dataclass(frozen=True, kw_only=True)
class FeedforwardConfig(FeedforwardSettings):
    """Settings of the feed-forward alone."""

    def build(self, context: ControlContext) -> 'Feedforward':
        """See the base class."""
        return Feedforward(self, context)


@final
class Feedforward(Controller):
    """The learned torque along the reference, and what the base lacks of the rigid-body model.

    The recurrent model says what the motion one latency ahead takes beyond the rigid-body prior;
    its memory of the measured efforts is committed on measurements. No tracking error
    goes in, so no loop is closed except through that memory, whose gain the model card states.

    The rigid-body part is ``prior(preview) - base``: all of it if the robot's own controller adds
    nothing, the motion terms if that adds gravity, and only what is lost by the delay of the
    drives if that adds the whole rigid-body torque itself.

    Source: D. Nguyen-Tuong, J. Peters, "Model learning for robot control: a survey", Cognitive
    Processing 12, 2011, section 2.2 (feed-forward with a learned inverse model).
    """

    name: ClassVar[str] = 'feedforward'
    needs_effort = False

    def __init__(self, config: FeedforwardSettings, context: ControlContext) -> None:
        needs_inverse(context)
        self._prior = context.prior
        self._base = base_of(config.base_compensates, context.card)
        delay = 0.0 if context.card is None else context.card.drive_delay
        self._drive_ns = nanoseconds(delay)
        self._rest = np.zeros(len(context.joint_names))
        self._nominal: Vector | None = None

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        if given.preview is None or given.learned is None:
            return None
        self._nominal = self._rigid_body(self._prior, given)
        return given.learned + self._nominal

    @property
    def nominal(self) -> Vector | None:
        """See the base class."""
        return self._nominal

    def _rigid_body(self, prior: Prior | None, given: ControlInput) -> Vector:
        """Return what the robot's own controller lacks of the rigid-body torque."""
        preview, commanded = given.preview, given.commanded
        if prior is None or preview is None:
            return self._rest
        if self._base == 'rigid_body_feedforward' and (self._drive_ns == 0 or commanded is None):
            return self._rest
        total = given.rigid_body_effort
        if total is None:
            total = _of(prior, preview).copy()
        if self._base == 'gravity':
            at = (commanded or preview).position
            return total - prior.torque(at, self._rest, self._rest)
        if self._base == 'rigid_body_feedforward' and commanded is not None:
            return total - _of(prior, commanded)
        return total

    def reset(self) -> None:
        """See the base class. The model remembers, not the controller."""
        self._nominal = None


def needs_inverse(context: ControlContext) -> None:
    """Refuse models that do not say what a motion takes.

    Raises:
        ConfigError: If there is no inverse model that is asked about whole motions.
    """
    card = context.card
    if card is None or card.model_kind == 'forward' or card.columns('acceleration') is None:
        got = 'none' if card is None else f'{card.name}, {card.model_kind}'
        raise ConfigError(
            'A feed-forward needs an inverse or residual_inverse model with the features '
            f'position, velocity and acceleration, got {got}. Train one with lstm-dynamics train '
            '--settings config/training/arm_residual.yaml, or use one_step_inversion or '
            'disturbance_observer.'
        )


def base_of(setting: str, card: ModelCard | None) -> str:
    """Return what the robot's own controller adds: one of :data:`BASES` but ``card``."""
    if setting != 'card':
        return setting
    given = () if card is None else card.driver_compensates
    return next((name for name in BASES[1:] if name in given), 'nothing')


def _of(prior: Prior, reference: Reference) -> Vector:
    return prior.torque(reference.position, reference.velocity, reference.acceleration)


ROLLBACK = 0.15
"""Before something is noticed that freezes an observer, it has been followed for a while: what is
held is the value of so long ago [s]."""

LARGEST_PHASE = 0.585
"""Largest ``inertia_ratio * bandwidth * delay`` [rad] that leaves 60 degrees of phase margin."""


def largest_bandwidth(latency: float, period: float, inertia_ratio: float = 1.0) -> float:
    """Return the bandwidth that leaves 60 degrees of phase margin [rad/s].

    With ``Q = g^2 / (s + g)^2`` the loop is ``Q / (1 - Q) = g^2 / (s^2 + 2 g s)``. It crosses at
    0.486 g with 76.3 degrees of margin, of which the delay T may take 16.3: g T <= 0.585.

    Args:
        latency: Time from a measurement to the moment its correction acts [s].
        period: Time between two control steps [s]; half of one the correction is held, and one
            old is the second difference of positions.
        inertia_ratio: Largest ratio of inertia in the rigid-body model to that of the robot.
    """
    return LARGEST_PHASE / (inertia_ratio * (latency + 1.5 * period))


@CONTROLLERS.register('feedforward_dob')
@dataclass(frozen=True, kw_only=True)
class FeedforwardDobConfig(FeedforwardSettings):
    """Settings of the feed-forward, and how fast the observer follows."""

    bandwidth: float = bandwidth_setting(
        20.0, 'the observer takes over what the feed-forward leaves'
    )
    bleed: float = bleed_setting('the observer')
    inertia_ratio: float = inertia_ratio_setting()
    allow_low_margin: bool = low_margin_setting('a bandwidth that leaves')

    def build(self, context: ControlContext) -> 'FeedforwardDob':
        """See the base class."""
        return FeedforwardDob(self, context)

    def check(self, context: ControlContext) -> None:
        """Refuse a bandwidth that leaves too little margin.

        Raises:
            ConfigError: If it does, and ``allow_low_margin`` is not set.
        """
        if not self.allow_low_margin:
            most = largest_bandwidth(context.latency, context.period, self.inertia_ratio)
            check_bandwidth(self.bandwidth, most, context.latency + 1.5 * context.period)


@final
class FeedforwardDob(Controller):
    """The sum of :class:`Feedforward` and the low-passed rest it leaves.

    The rest is the measured disturbance minus its prediction, so the
    observer does nothing where the model is right, and a bandwidth far below that of an observer
    on its own is enough.
    """

    name: ClassVar[str] = 'feedforward_dob'

    def __init__(self, config: FeedforwardDobConfig, context: ControlContext) -> None:
        config.check(context)
        self._context = context
        card = (
            context.card
        )  # what it observes is left over from the disturbance that the model sees
        self.needs_effort = card is not None and card.columns('disturbance') is not None
        self.feedforward = Feedforward(config, context)
        """The feed-forward part."""
        self._period = context.period
        self._zero: Vector = np.zeros(len(context.joint_names))
        self._first: Vector = self._zero
        self._second: Vector = self._zero
        self._past: deque[Vector] = deque(maxlen=max(1, round(ROLLBACK / context.period)))
        self._frozen = False
        self._use(config)

    @property
    def observed(self) -> Vector:
        """What the observer adds [N m] or [N], shape (n_joints,). Not to be written to."""
        return self._second

    @property
    def nominal(self) -> Vector | None:
        """See the base class."""
        return self.feedforward.nominal

    def torque(self, given: ControlInput) -> Vector | None:
        """See the base class."""
        ahead = self.feedforward.torque(given)
        if ahead is None:
            return None
        rest = given.residual
        if given.frozen:
            if (
                given.touched and not self._frozen and self._past
            ):  # what it followed before it was noticed
                self._first = self._second = self._past[0]
            self._first = self._first * self._decay
            self._second = self._second * self._decay
        elif rest is not None:
            self._first = self._first + self._share * (rest - self._first)
            self._second = self._second + self._share * (self._first - self._second)
            self._past.append(self._second)
        self._frozen = given.touched
        return ahead + self._second

    def reset(self) -> None:
        """See the base class."""
        self.feedforward.reset()
        self._first = self._second = self._zero
        self._past.clear()
        self._frozen = False

    def reconfigure(self, config: ControllerConfig) -> None:
        """See the base class."""
        own = settings_as(FeedforwardDobConfig, config)
        own.check(self._context)
        self._use(own)

    def _use(self, config: FeedforwardDobConfig) -> None:
        self._share = -math.expm1(-config.bandwidth * self._period)
        self._decay = math.exp(-config.bleed * self._period)
