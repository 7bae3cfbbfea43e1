# SPDX-License-Identifier: Apache-2.0
"""Kinds of generated motions, one per file. A new file in this folder is found by itself."""

from lstm_dynamics_ros.core.registry import import_submodules
from lstm_dynamics_ros.sim.motions.base import make_motion, Motion, MOTIONS, MotionShape

import_submodules(__name__, list(__path__))

__all__ = ['MOTIONS', 'Motion', 'MotionShape', 'make_motion']
