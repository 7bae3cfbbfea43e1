# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics simulate`: bags of an embedded robot, faster than real time."""

from dataclasses import dataclass
from pathlib import Path

from lstm_dynamics_ros import workflows
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json


@dataclass
class Simulate:
    """Record bags of an embedded robot in lockstep, without ROS and faster than real time.

    What is recorded is what its sensors measured, at 1 kHz, with the reference beside it. The
    robot has a payload, friction, cogging, lag and noise that no model of it is told of.
    """

    out: Path
    """Folder for the bags, one per run."""
    robot: str = 'arm'
    """Embedded robot, a file in config/robots."""
    runs: int = 1
    """How many runs; more than one follow the training plan (payloads, speeds, motions)."""
    duration: float = 30.0
    """Length of each run [s]."""
    seed: int = 0
    """Seed of motions and noise; another seed gives other runs."""
    payload: float | None = None
    """Payload of a single run; the robot file's own by default [kg]."""
    motion: str = 'mixed'
    """Motion of a single run: mixed, multi_sine or point_to_point."""
    speed: float = 1.0
    """Speed of a single run in (0, 1]; at 1 joints reach 70 % of their velocity limits."""
    storage: str = 'mcap'
    """Storage of the bags: mcap or sqlite3."""
    overwrite: bool = False
    """Replace bags that are already there."""
    json: Path | None = None
    """Write what was recorded, and how fast, as JSON to this file."""

    def run(self) -> int:
        """Simulate and write the bags."""
        options = workflows.simulate.SimulateOptions(
            robot=self.robot,
            runs=self.runs,
            duration=self.duration,
            seed=self.seed,
            payload=self.payload,
            motion=self.motion,
            speed=self.speed,
        )
        result = workflows.simulate.simulate_bags(
            self.out, options, storage=self.storage, overwrite=self.overwrite, listener=TERMINAL
        )
        say(
            f'{len(result.bags)} bags in {self.out}: {result.simulated:.0f} s of {result.robot} '
            f'simulated at {result.realtime_factor:.0f} x real time, written in '
            f'{result.seconds:.0f} s.'
        )
        write_json(self.json, result.to_json())
        return 0
