# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics simulate`: bags of an embedded robot, faster than real time."""

from dataclasses import dataclass
from pathlib import Path

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.workflows.options import SimulateOptions


@dataclass(kw_only=True)
class Simulate(SimulateOptions):
    """Record bags of an embedded robot in lockstep, without ROS and faster than real time.

    What is recorded is what its sensors measured, at 1 kHz, with the reference beside it. The
    robot has a payload, friction, cogging, lag and noise that no model of it knows of.
    """

    json: Path | None = None
    """Write what was recorded, and how fast, as JSON to this file."""

    def run(self) -> int:
        """Simulate and write the bags."""
        result = workflows.simulate.simulate_bags(self, TERMINAL)
        say(
            f'{len(result.bags)} bags in {self.out}: {result.simulated:.0f} s of {result.robot} '
            f'simulated at {result.realtime_factor:.0f} x real time, written in '
            f'{result.seconds:.0f} s.'
        )
        write_json(self.json, result.to_json())
        return 0
