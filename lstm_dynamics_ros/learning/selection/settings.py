# SPDX-License-Identifier: Apache-2.0
"""What is asked for when a model is to be chosen. Free of torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.settings import TrainingSettings

DEFAULT_BUDGET = 5.0
"""Time for choosing and training, unless another is given [min]."""

PLANNED = (
    *('members', 'burn_in_steps', 'window_steps', 'updates_per_epoch', 'max_epochs', 'patience'),
    'validation_fraction',
)
"""Settings that follow from the budget where a model is chosen."""


@dataclass(frozen=True, kw_only=True)
class Choosing:
    """How long to choose, and by what plan."""

    budget: float = DEFAULT_BUDGET
    """Time for choosing and training [min]."""
    plan: Path | None = None
    """Plan of an earlier choice, to repeat it whatever the machine is."""


def can_choose(base: TrainingSettings) -> TypeGuard[DynamicsSettings]:
    """Return whether there are candidates for a model of this kind."""
    known = isinstance(base, ForwardSettings | InverseSettings)
    return known and base.model_kind in {'forward', 'inverse'}
