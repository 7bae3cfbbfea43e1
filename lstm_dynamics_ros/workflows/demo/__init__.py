# SPDX-License-Identifier: Apache-2.0
"""The demo: an embedded robot, predicted and corrected live."""

from typing import TYPE_CHECKING

from lstm_dynamics_ros.core.lazy import submodules

if TYPE_CHECKING:
    from lstm_dynamics_ros.workflows.demo import (
        correction_watch,
        demo,
        demo_result,
        report,
        settings,
    )

__all__ = ['correction_watch', 'demo', 'demo_result', 'report', 'settings']

if not TYPE_CHECKING:
    __getattr__ = submodules(__name__, __all__)
