# SPDX-License-Identifier: Apache-2.0
"""The model family that says which effort a motion to come takes, for control."""

from dataclasses import dataclass
from typing import ClassVar

from lstm_dynamics_ros.core.card import PAST_KIND, PAYLOAD_KINDS
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.learning.families.dynamics import EffortSettings
from lstm_dynamics_ros.learning.settings import MODELS, PAYLOAD

MOTION_KINDS = ('position', 'velocity', 'acceleration')
"""Features that say which motion is meant."""


@MODELS.register('control')
@dataclass(frozen=True, kw_only=True)
class ControlSettings(EffortSettings):
    """A whole motion, with acceleration, to effort; what was measured goes in as disturbance."""

    default_features: ClassVar[tuple[str, ...]] = MOTION_KINDS

    family: str = parameter('control', 'Model family.', choices=('control',))
    motion_cutoff: float = parameter(
        12.0,
        'Cut-off of the zero-phase low-pass that motion and effort pass before an inverse model '
        'with acceleration learns from them.',
        unit='Hz',
        minimum=0.1,
        maximum=500.0,
    )
    disturbance_bandwidth: float = parameter(
        20.0, 'Pole of the low-pass of the disturbance feature.', unit='rad/s', minimum=0.1
    )
    least_latency: int = parameter(
        2,
        'Smallest age of the disturbance against the motion, met in turns by the trajectories: '
        'the latencies the model will work with.',
        unit='steps',
        minimum=0,
        maximum=1000,
    )
    largest_latency: int = parameter(
        6, 'Largest age of the disturbance.', unit='steps', minimum=0, maximum=1000
    )

    @property
    def signals(self) -> tuple[str, ...]:
        """See the base class."""
        kinds = self._kinds()
        if 'acceleration' not in kinds:
            raise ConfigError('A model of the family control needs the feature acceleration.')
        known = (*MOTION_KINDS, 'disturbance')
        if PAYLOAD not in kinds:
            return self.ordered(kinds, known)
        if 'disturbance' not in kinds or self.model_kind != 'residual_inverse':
            raise ConfigError(
                'The feature payload goes with the feature disturbance of a residual_inverse '
                f'model, got {sorted(kinds)} of a model of kind {self.model_kind}.'
            )
        derived = (*PAYLOAD_KINDS, PAST_KIND)
        return self.ordered((*kinds, *derived), (*known, PAYLOAD, *derived))

    @property
    def needs_prior(self) -> bool:
        """See the base class."""
        return self.model_kind == 'residual_inverse'
