# SPDX-License-Identifier: Apache-2.0
"""The model family that predicts the next state."""

from dataclasses import dataclass
from typing import ClassVar

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.settings import FORWARD_KINDS, MODELS


@MODELS.register('forward')
@dataclass(frozen=True, kw_only=True)
class ForwardSettings(DynamicsSettings):
    """State and effort to the next state, by short free runs."""

    form: ClassVar[tuple[str, ...]] = (*DynamicsSettings.form, 'predict_effort')
    compared_to: ClassVar[str] = 'the better of its linear start and standing still'

    family: str = parameter('forward', 'Model family.', choices=('forward',))
    model_kind: str = parameter('forward', 'Predicts the next state.', choices=('forward',))
    predict_effort: bool = parameter(
        True, 'Predict the effort too, so that a horizon can feed it back.'
    )
    rollout_steps: int = parameter(
        50, 'Longest free run that is scored.', unit='steps', minimum=1, maximum=1000
    )
    rollout_start: int = parameter(
        25,
        'Length of the free runs at first; it grows to rollout_steps over the first 30 % of the '
        'training.',
        unit='steps',
        minimum=1,
    )
    rollouts_per_window: int = parameter(
        6, 'Free runs started from each window; 0 trains on one step only.', minimum=0
    )
    causal_share: float = parameter(
        0.5,
        'Share of free runs that feed back their own predicted effort instead of the measured.',
        minimum=0.0,
        maximum=1.0,
    )
    one_step_weight: float = parameter(
        0.3, 'Weight of the one-step error beside the free runs.', minimum=0.0
    )
    effort_weight: float = parameter(
        0.3, 'Weight of the effort beside position and velocity.', minimum=0.0
    )
    feedback_noise: float = parameter(
        0.0,
        'Noise added to what free runs feed back, relative to its step-to-step change, so that '
        'the model learns to come back from errors of its own.',
        minimum=0.0,
    )

    @property
    def signals(self) -> tuple[str, ...]:
        """See the base class."""
        kinds = self.ordered(self.features or FORWARD_KINDS, FORWARD_KINDS)
        if not {'position', 'velocity'} <= set(kinds):
            raise ConfigError('A forward model needs the features position and velocity.')
        return kinds

    @property
    def targets(self) -> tuple[str, ...]:
        """See the base class."""
        return tuple(k for k in self.signals if k != 'effort' or self.predict_effort)

    @property
    def horizon(self) -> int:
        """See the base class."""
        return self.rollout_steps
