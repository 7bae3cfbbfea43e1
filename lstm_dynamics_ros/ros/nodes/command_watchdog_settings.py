# SPDX-License-Identifier: Apache-2.0
"""Settings of command_watchdog and of executors, apart from others as they need no numpy."""

from dataclasses import dataclass

from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.safety.command_guard import GuardSettings

EXECUTORS = ('events', 'single_threaded')


@dataclass(frozen=True, kw_only=True)
class ExecutorSettings:
    """What every node has."""

    executor: str = parameter(
        'events',
        'How callbacks are run. events needs about half the processor time.',
        choices=EXECUTORS,
    )


@dataclass(frozen=True, kw_only=True)
class CommandWatchdogSettings(GuardSettings, ExecutorSettings):
    """Settings of command_watchdog: those of the guard, under the same names, and its own."""

    command_topic: str = parameter(
        'effort_controller/commands', 'Where commands are let through to.'
    )
    check_rate: float = parameter(
        200.0,
        'How often the age of the last command is looked at.',
        unit='Hz',
        minimum=200.0,
        maximum=1000.0,
    )
