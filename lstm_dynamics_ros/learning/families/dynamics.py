# SPDX-License-Identifier: Apache-2.0
"""Settings of all families whose model is a linear part with a recurrent rest."""

from dataclasses import dataclass
from typing import ClassVar

from lstm_dynamics_ros.core.card import PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.learning.settings import TrainingSettings

FADE = 100.0
"""Fading for robots nobody has tuned for: chosen by leaving out motions by their range."""


@dataclass(frozen=True, kw_only=True)
class DynamicsSettings(TrainingSettings):
    """A linear part over the recent past, and a cell and a head for what it leaves."""

    model_class: ClassVar[str] = 'lstm_dynamics_ros.learning.models.dynamics_model:DynamicsModel'
    trainer: ClassVar[str] = 'lstm_dynamics_ros.learning.training.trainer:DynamicsTraining'
    form: ClassVar[tuple[str, ...]] = (
        *TrainingSettings.form,
        *('head_size', 'history_steps', 'ripple_limit', 'friction_velocities'),
        *('position_features', 'fade', 'slip_displacements', 'learned_initial_state'),
    )

    head_size: int = parameter(
        64, 'Width of the hidden layer of the output head; 0 leaves it out.', minimum=0
    )
    history_steps: int = parameter(
        20,
        'Length of the delay line of the linear part, kept in the hidden state; 1 is none.',
        unit='steps',
        minimum=1,
        maximum=200,
    )
    ripple_limit: int = parameter(
        400,
        'Largest number of cogging periods per turn to look for in the training data; 0 does not '
        'look.',
        unit='1/turn',
        minimum=0,
        maximum=2000,
    )
    position_features: str = parameter(
        'value',
        'How the linear part and the cell see positions, beside their differences. value: as '
        'they are, angles also as sine and cosine; sin_cos: angles as sine and cosine alone; '
        'sums: also sine and cosine of sums of up to 4 neighbouring angles, of which the gravity '
        'of an arm is made; none: not at all.',
        choices=('value', 'sin_cos', 'sums', 'none'),
    )
    friction_velocities: tuple[float, ...] = parameter(
        (),
        'Models also see tanh(velocity / v) for each of these, and |velocity|, so that friction '
        'at a reversal, and friction that differs with the direction, need not be built from '
        'smooth functions. Empty: none.',
        unit='rad/s or m/s',
        minimum=0.0,
    )
    slip_displacements: tuple[float, ...] = parameter(
        (),
        'Friction with a memory: for each of these displacements the model sees an element per '
        'joint that follows the joint and slips when strained by so much, so that hysteresis at a '
        'reversal need not be learnt. Empty: none.',
        unit='rad or m',
        minimum=1e-9,
    )
    learned_initial_state: bool = parameter(
        False,
        'Guess the hidden state from the delay line once it is full, instead of letting it grow '
        'from zero. With it burn_in_steps may be as short as history_steps.',
    )
    fade: float = parameter(
        0.0,
        'How fast the recurrent rest of an output fades where what the model sees leaves the '
        'range of the training data: to exp(-fade) where that may change the rest as much as what '
        'is inside usually does. 0: not at all; 100 is good where nothing else is known.',
        minimum=0.0,
    )
    linear_rate: float = parameter(
        0.0,
        'Learning rate of the linear part, relative to learning_rate; 0 keeps the least squares.',
        minimum=0.0,
        maximum=1.0,
    )
    ridge: float = parameter(
        0.0,
        'Regularisation of the linear part that training starts from; 0 takes the best of a few '
        'on the held-out trajectories.',
        minimum=0.0,
    )
    input_noise: float = parameter(
        0.0, 'Noise added to the inputs, relative to their step-to-step change.', minimum=0.0
    )


@dataclass(frozen=True, kw_only=True)
class EffortSettings(DynamicsSettings):
    """A family that predicts effort: of a motion to come, or of the one measured until now."""

    default_features: ClassVar[tuple[str, ...]]

    model_kind: str = parameter(
        'inverse',
        'inverse predicts the effort, residual_inverse the effort minus the rigid-body prior.',
        choices=('inverse', 'residual_inverse'),
    )

    def _kinds(self) -> tuple[str, ...]:
        """Return the features, without those that no such family can have.

        Raises:
            ConfigError: If one of them is there.
        """
        kinds = self.features or self.default_features
        if 'effort' in kinds:
            raise ConfigError('effort is what an inverse model predicts, it cannot be a feature.')
        if PRIOR_KIND in kinds and ('acceleration' in kinds or self.model_kind != 'inverse'):
            raise ConfigError(
                f'The feature {PRIOR_KIND} goes with an inverse model without acceleration, got '
                f'{sorted(kinds)} of a model of kind {self.model_kind}.'
            )
        return kinds
