# SPDX-License-Identifier: Apache-2.0
"""Recurrent cells, one per file. A new file in this folder is found by itself."""

from lstm_dynamics_ros.core.registry import import_submodules
from lstm_dynamics_ros.learning.cells.base import Cell, CELLS, State

import_submodules(__name__, list(__path__))

__all__ = ['CELLS', 'Cell', 'State']
