# SPDX-License-Identifier: Apache-2.0
"""The model family that says which effort goes with the motion measured until now."""

from dataclasses import dataclass
from typing import ClassVar

from lstm_dynamics_ros.core.card import PRIOR_KIND
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.learning.families.dynamics import EffortSettings
from lstm_dynamics_ros.learning.settings import MODELS, PAYLOAD


@MODELS.register('inverse')
@dataclass(frozen=True, kw_only=True)
class InverseSettings(EffortSettings):
    """Measured motion to effort, or to what a rigid-body prior leaves of it."""

    default_features: ClassVar[tuple[str, ...]] = ('position', 'velocity')

    family: str = parameter('inverse', 'Model family.', choices=('inverse',))
    prior_window: int = parameter(
        12,
        'Measurements that prior_effort takes its acceleration from.',
        unit='steps',
        minimum=4,
        maximum=200,
    )
    prior_delay: int = parameter(
        3, 'How old the motion is that prior_effort is for.', unit='steps', minimum=0, maximum=199
    )

    @property
    def signals(self) -> tuple[str, ...]:
        """See the base class."""
        kinds = self._kinds()
        for kind in ('disturbance', PAYLOAD):
            if kind in kinds:
                raise ConfigError(f'The feature {kind} goes with the feature acceleration.')
        return self.ordered(kinds, ('position', 'velocity', PRIOR_KIND))

    @property
    def needs_prior(self) -> bool:
        """See the base class."""
        return self.model_kind == 'residual_inverse' or PRIOR_KIND in self.signals
