# SPDX-License-Identifier: Apache-2.0
"""What the motion to come will take, added before it does."""

from dataclasses import dataclass
from typing import final

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
    Prior,
)
from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.core.reference import Reference
from lstm_dynamics_ros.core.state import Vector
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
    its memory of what the drives spent until now is committed on measurements. No tracking error
    goes in, so no loop is closed except through that memory, whose gain the model card states.

    The rigid-body part is ``prior(preview) - base``: all of it if the robot's own controller adds
    nothing, the motion terms if that adds gravity, and only what is lost by the delay of the
    drives if that adds the whole rigid-body torque itself.

    Source: D. Nguyen-Tuong, J. Peters, "Model learning for robot control: a survey", Cognitive
    Processing 12, 2011, section 2.2 (feed-forward with a learned inverse model).
    """

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
        preview, told = given.preview, given.commanded
        if prior is None or preview is None:
            return self._rest
        if self._base == 'rigid_body_feedforward' and (self._drive_ns == 0 or told is None):
            return self._rest
        total = _of(prior, preview).copy()
        if self._base == 'gravity':
            at = (told or preview).position
            return total - prior.torque(at, self._rest, self._rest)
        if self._base == 'rigid_body_feedforward' and told is not None:
            return total - _of(prior, told)
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
    said = () if card is None else card.driver_compensates
    return next((name for name in BASES[1:] if name in said), 'nothing')


def _of(prior: Prior, told: Reference) -> Vector:
    return prior.torque(told.position, told.velocity, told.acceleration)
