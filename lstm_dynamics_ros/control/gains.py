# SPDX-License-Identifier: Apache-2.0
"""Gains as one number for all joints or one per joint."""

from lstm_dynamics_ros.control.base import ControlContext, Prior
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import Vector
import numpy as np


def per_joint(name: str, values: tuple[float, ...], context: ControlContext) -> Vector:
    """Return one value per joint.

    Args:
        name: Name of the setting, for the message.
        values: One number for all joints, or one per joint.
        context: Knows the joints.

    Returns:
        The values, shape (n_joints,).

    Raises:
        ConfigError: If there is another number of values.
    """
    n = len(context.joint_names)
    if len(values) not in {1, n}:
        raise ConfigError(
            f'{name} must have 1 value or one for each of the {n} joints '
            f'({", ".join(context.joint_names)}), got {len(values)}.'
        )
    return np.broadcast_to(np.array(values, np.float64), n).copy()


def required_prior(name: str, context: ControlContext) -> Prior:
    """Return the rigid-body model.

    Args:
        name: Name of the controller, for the message.
        context: Holds the model.

    Raises:
        ConfigError: If there is none.
    """
    if context.prior is None:
        raise ConfigError(f'{name} needs a rigid-body model, got none. Give the URDF.')
    return context.prior
