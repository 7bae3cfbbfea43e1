# SPDX-License-Identifier: Apache-2.0
"""What every node has."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter

EXECUTORS = ('events', 'single_threaded')


@dataclass(frozen=True, kw_only=True)
class ExecutorSettings:
    """What every node has."""

    executor: str = parameter(
        'events',
        'How callbacks are run. events needs about half the processor time.',
        choices=EXECUTORS,
    )
