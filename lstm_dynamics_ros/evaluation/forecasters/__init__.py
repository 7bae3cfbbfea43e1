# SPDX-License-Identifier: Apache-2.0
"""Forecasters: the model and the baselines it has to beat, one per file."""

from lstm_dynamics_ros.core.registry import import_submodules
from lstm_dynamics_ros.evaluation.forecasters.base import (
    CAUSAL,
    Forecaster,
    FORECASTERS,
    Forecasts,
    KNOWN_TORQUE,
    MODES,
)

import_submodules(__name__, list(__path__))

__all__ = ['CAUSAL', 'FORECASTERS', 'KNOWN_TORQUE', 'MODES', 'Forecaster', 'Forecasts']
