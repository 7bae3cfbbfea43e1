# SPDX-License-Identifier: Apache-2.0
"""Nodes that are started, played to and watched over ROS."""

from typing import TYPE_CHECKING

from lstm_dynamics_ros.core.lazy import submodules

if TYPE_CHECKING:
    from lstm_dynamics_ros.workflows.live import (
        correction_process,
        domain,
        live_view,
        observer,
        player,
        processes,
        tracking_watch,
        trajectory_sender,
    )

__all__ = [
    'correction_process',
    'domain',
    'live_view',
    'observer',
    'player',
    'processes',
    'tracking_watch',
    'trajectory_sender',
]

if not TYPE_CHECKING:
    __getattr__ = submodules(__name__, __all__)
