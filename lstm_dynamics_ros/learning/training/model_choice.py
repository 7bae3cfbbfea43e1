# SPDX-License-Identifier: Apache-2.0
"""Which model the settings ask for."""

from collections.abc import Sequence

from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.models.ensemble import LoneModel
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.torque_observer.observer import TorqueObserver


def make_model(settings: TrainingSettings, joint_types: Sequence[str]) -> LoneModel:
    """Return a new, untrained model.

    Args:
        settings: What it is.
        joint_types: Type of each joint.

    Raises:
        ConfigError: If the settings do not go together, or not with the joints.
    """
    kind = TorqueObserver if settings.torque_observer else DynamicsModel
    return kind(settings, joint_types)
