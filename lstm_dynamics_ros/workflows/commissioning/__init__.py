# SPDX-License-Identifier: Apache-2.0
"""The first switch-on of a correction, step by step."""

from typing import TYPE_CHECKING

from lstm_dynamics_ros.core.lazy import submodules

if TYPE_CHECKING:
    from lstm_dynamics_ros.workflows.commissioning import settings, step_watch, switch_on

__all__ = ['settings', 'step_watch', 'switch_on']

if not TYPE_CHECKING:
    __getattr__ = submodules(__name__, __all__)
