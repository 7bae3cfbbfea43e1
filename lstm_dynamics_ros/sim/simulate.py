# SPDX-License-Identifier: Apache-2.0
"""Embedded robots in lockstep: as fast as the machine can, without ROS."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.core.state import Vector
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.motions import Motion
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRobot, SimulatedRun
import numpy as np

CORRECTION_STEPS = 5
"""A correction is asked for once in this many steps of 1 ms."""

PROGRESS_STEPS = 1000
"""Progress is reported once in this many steps of 1 ms."""


Corrector = Callable[[SimulatedRun], Vector | None]
"""Gets the newest measured rows, returns the torque to add [N m] (n_joints,) or nothing."""


def simulate(
    robot: RobotDescription,
    motion: Motion,
    *,
    hidden: HiddenPhysics | None = None,
    later: HiddenPhysics | None = None,
    seed: int = 0,
    start_ns: int = 0,
    corrector: Corrector | None = None,
    progress: Progress | None = None,
) -> SimulatedRun:
    """Let a robot do one motion, from home to home.

    Args:
        robot: Which robot.
        motion: What it shall do.
        hidden: What its nominal model does not know; by default what the robot file says.
        later: The same from half time on; None if it stays.
        seed: Seed of the sensor noise.
        start_ns: Stamp of the first sample [ns].
        corrector: Asked for a correction every 5 ms; it acts on the next sample.
        progress: Called now and then.
    """
    simulated = SimulatedRobot(robot, hidden, seed=seed, start_ns=start_ns)
    simulated.follow(motion)
    total = len(motion)
    block = PROGRESS_STEPS if corrector is None else CORRECTION_STEPS
    runs: list[SimulatedRun] = []
    half = total // 2 // block * block
    for start in range(0, total, block):
        if later is not None and start == half:
            simulated.change(later)
        runs.append(simulated.advance(min(block, total - start)))
        if corrector is not None:
            torque = corrector(runs[-1])
            if torque is not None:
                simulated.apply_correction(torque)
        if progress is not None and start % PROGRESS_STEPS == 0:
            progress(start, total, robot.name)
    if progress is not None:
        progress(total, total, robot.name)
    return joined(runs)


def joined(runs: Sequence[SimulatedRun]) -> SimulatedRun:
    """Return runs of one robot that follow on each other as one."""
    arrays: dict[str, Any] = {}
    for item in fields(SimulatedRun):
        if isinstance(getattr(runs[0], item.name), np.ndarray):
            arrays[item.name] = np.concatenate([getattr(run, item.name) for run in runs])
    return replace(runs[0], **arrays)
