# SPDX-License-Identifier: Apache-2.0
"""Recurrent cells, one per file. A new file in this folder is found by itself."""

from lstm_dynamics_ros.cells.base import Cell, CELLS, State
from lstm_dynamics_ros.registry import import_submodules

import_submodules(__name__, list(__path__))

__all__ = ['CELLS', 'Cell', 'State']
