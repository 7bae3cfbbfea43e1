# SPDX-License-Identifier: Apache-2.0
"""Methods of the tracking benchmark; a file in this folder is all that a new one needs."""

from lstm_dynamics_bench.tracking.methods.base import METHODS
from lstm_dynamics_ros.core.registry import import_submodules

import_submodules(__name__, list(__path__))

__all__ = ['METHODS']
