# SPDX-License-Identifier: Apache-2.0
"""Controllers, one per file. A new file in this folder is found by itself."""

from lstm_dynamics_ros.control.base import (
    ControlContext,
    ControlInput,
    Controller,
    ControllerConfig,
    CONTROLLERS,
)
from lstm_dynamics_ros.core.registry import import_submodules

import_submodules(__name__, list(__path__))

__all__ = ['CONTROLLERS', 'ControlContext', 'ControlInput', 'Controller', 'ControllerConfig']
