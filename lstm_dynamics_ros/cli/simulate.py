# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics simulate`: bags of an embedded robot, faster than real time."""

from dataclasses import dataclass, replace
from pathlib import Path
import time

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import ConfigError


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
        from lstm_dynamics_ros.data.bags.writer import write_bag  # noqa: PLC0415
        from lstm_dynamics_ros.sim.collection import PlannedRun, training_plan  # noqa: PLC0415
        from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
        from lstm_dynamics_ros.sim.simulate import simulate  # noqa: PLC0415
        from lstm_dynamics_ros.workflows.simulated_recordings import as_recording  # noqa: PLC0415

        if self.runs < 1:
            raise ConfigError(f'--runs must be at least 1, got {self.runs}.')
        robot = load_robot(self.robot)
        if self.runs > 1:
            plan = training_plan(robot, self.runs, seed=self.seed, duration=self.duration)
        else:
            payload = robot.hidden.payload if self.payload is None else self.payload
            name = f'{robot.name}_{self.motion}_{payload:g}kg_seed{self.seed}'
            plan = [
                PlannedRun(
                    name=name,
                    payload=payload,
                    kind=self.motion,
                    speed=self.speed,
                    seed=self.seed,
                    duration=self.duration,
                )
            ]
        began = time.perf_counter()
        computing = 0.0
        with progress('simulate') as update:
            for number, planned in enumerate(plan):
                update(number, len(plan), planned.name)
                start = time.perf_counter()
                run = simulate(
                    robot,
                    planned.motion(robot),
                    hidden=replace(robot.hidden, payload=planned.payload),
                    seed=planned.seed,
                )
                computing += time.perf_counter() - start
                write_bag(
                    as_recording(run, planned.name),
                    self.out / planned.name,
                    storage=self.storage,
                    overwrite=self.overwrite,
                )
            update(len(plan), len(plan), 'done')
        simulated = sum(planned.duration for planned in plan)
        say(
            f'{len(plan)} bags in {self.out}: {simulated:.0f} s of {robot.name} simulated at '
            f'{simulated / computing:.0f} x real time, written in '
            f'{time.perf_counter() - began:.0f} s.'
        )
        write_json(
            self.json,
            {
                'robot': robot.name,
                'bags': [planned.name for planned in plan],
                'simulated_s': simulated,
                'realtime_factor': simulated / computing,
            },
        )
        return 0
