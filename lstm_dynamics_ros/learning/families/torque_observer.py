# SPDX-License-Identifier: Apache-2.0
"""The model family for long free runs: a filter that follows the motion from the efforts."""

from dataclasses import dataclass
from typing import ClassVar

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.learning.settings import FORWARD_KINDS, MODELS, TrainingSettings

_FOLDER = 'lstm_dynamics_ros.learning.torque_observer'


@MODELS.register('torque_observer')
@dataclass(frozen=True, kw_only=True)
class TorqueObserverSettings(TrainingSettings):
    """Forward models that take efforts for measurements, and correct the filter with the cell.

    burn_in_steps are the rows whose motion is known, window_steps those predicted from efforts
    after them.
    """

    model_class: ClassVar[str] = f'{_FOLDER}.observer:TorqueObserver'
    trainer: ClassVar[str] = f'{_FOLDER}.training:OpenLoopTraining'
    form: ClassVar[tuple[str, ...]] = (*TrainingSettings.form, 'observer_passes')
    compared_to: ClassVar[str] = 'the filter alone'
    known_start: ClassVar[bool] = True

    family: str = parameter('torque_observer', 'Model family.', choices=('torque_observer',))
    model_kind: str = parameter('forward', 'Predicts the next state.', choices=('forward',))
    predict_effort: bool = parameter(
        False, 'A torque observer knows all efforts and predicts none: false.'
    )
    observer_passes: int = parameter(
        1,
        'Filters of a torque observer, one after the other: each also sees what those before it '
        'make of the motion, so that it knows better which joints stand still.',
        minimum=1,
        maximum=3,
    )
    rollout_steps: int = parameter(
        50, 'Longest run from one known row.', unit='steps', minimum=1, maximum=1000
    )
    one_step_weight: float = parameter(
        0.3, 'Weight of the error where the motion is measured.', minimum=0.0
    )

    @property
    def signals(self) -> tuple[str, ...]:
        """See the base class."""
        if self.ordered(self.features or FORWARD_KINDS, FORWARD_KINDS) != FORWARD_KINDS:
            raise ConfigError(
                'A torque_observer goes with position, velocity and effort, got the features '
                f'{self.features}.'
            )
        if self.predict_effort:
            raise ConfigError(
                'A torque_observer knows all efforts and predicts none: set predict_effort to '
                'false.'
            )
        return FORWARD_KINDS

    @property
    def targets(self) -> tuple[str, ...]:
        """See the base class."""
        return FORWARD_KINDS[:2]

    @property
    def horizon(self) -> int:
        """See the base class."""
        return self.rollout_steps
