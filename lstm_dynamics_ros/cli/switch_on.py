# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics switch-on`: the first switch-on of a correction, step by step."""

from dataclasses import dataclass, field
from pathlib import Path
import sys

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import confirmed, say, write_json
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.parameters import validated
from lstm_dynamics_ros.workflows.commissioning.settings import SwitchOnSettings


@dataclass
class SwitchOn:
    """Switch a correction on for the first time: watch, shadow score, one joint, all joints.

    The node runs unarmed, with the reference of the robot, and the robot repeats its motion. Every
    step is asked about first, and compared with what was seen without correction: tracking error
    and effort above 5 Hz of each joint. If one gets worse, on a fault or Ctrl-C, it is disarmed.
    Keep the robot's own stop button in reach: this is no safety function. docs/first_switch_on.md.
    """

    yes: bool = False
    """Ask nothing. For simulated robots and tests."""
    json: Path | None = None
    """Write what was seen as JSON to this file."""
    settings: SwitchOnSettings = field(default_factory=SwitchOnSettings)

    def run(self) -> int:
        """Go through the steps; the exit code is 1 if one was stopped or declined."""
        if not self.yes and not sys.stdin.isatty():
            raise DataError('A question is asked before every step; run it in a terminal.')
        done = workflows.commissioning.switch_on.switch_on(
            validated(self.settings), say=say, confirm=_yes if self.yes else confirmed
        )
        steps = [step.as_json() for step in done.steps]
        write_json(self.json, {'complete': done.complete, 'steps': steps})
        return 0 if done.complete else 1


def _yes(_: str) -> bool:
    return True
