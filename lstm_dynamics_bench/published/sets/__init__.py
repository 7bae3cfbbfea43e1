# SPDX-License-Identifier: Apache-2.0
"""The published sets, one per file."""

from lstm_dynamics_bench.published.robot_set import SETS
from lstm_dynamics_ros.core.registry import import_submodules

import_submodules(__name__, list(__path__))

__all__ = ['SETS']
