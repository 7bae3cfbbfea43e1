# SPDX-License-Identifier: Apache-2.0
"""The published sets, one per file: protocol, figures of others, files and settings.

A file in this folder is all that a new set needs, beside its mapping and training settings in
``config/``. It is found by itself, by `benchmark real` and, through :data:`PROTOCOLS`, by
`evaluate --protocol`.
"""

from lstm_dynamics_bench.published.robot_set import SETS
from lstm_dynamics_ros.core.registry import import_submodules

import_submodules(__name__, list(__path__))

PROTOCOLS = {name: SETS[name]().evaluate for name in SETS}
"""Functions that score a model as each set does, for the entry point in ``setup.py``."""

__all__ = ['PROTOCOLS', 'SETS']
