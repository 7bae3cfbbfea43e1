# SPDX-License-Identifier: Apache-2.0
"""One run in lockstep: measurement, correction, and its effect some cycles later."""

from collections import deque
from dataclasses import dataclass

from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import Corrector
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD, SETTLE
from lstm_dynamics_ros.sim.inner_law import InnerLaw
from lstm_dynamics_ros.sim.mjcf import STEP
from lstm_dynamics_ros.sim.simulate import CORRECTION_STEPS, joined
from lstm_dynamics_ros.sim.simulated_robot import SimulatedRobot, SimulatedRun
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class TrackingRun:
    """A finished run. Ticks are the control cycles of 5 ms."""

    case: Case
    run: SimulatedRun
    """Every millisecond."""
    correction: Matrix
    """What the gate let out at each tick [N m] (n_ticks, n_joints)."""
    frozen: NDArray[np.bool_]
    """Whether what integrates stood still at each tick (n_ticks,)."""
    confidence: Vector
    """Trust in the model at each tick (n_ticks,)."""


def run_case(
    case: Case, corrector: Corrector | None = None, *, law: InnerLaw | None = None
) -> TrackingRun:
    """Make one run. Deterministic.

    Args:
        case: What happens.
        corrector: Gets the measurement at every multiple of 5 ms; what it returns acts the case's
            number of cycles later. Without one the robot is on its own.
        law: What the robot's own controller computes; feed-forward of the reference by default.
    """
    simulated = SimulatedRobot(case.robot, case.hidden, seed=case.seed, law=law, wall=case.wall)
    simulated.follow(case.motion)
    n_steps = len(case.motion) // CORRECTION_STEPS * CORRECTION_STEPS
    n_ticks = n_steps // CORRECTION_STEPS
    n_joints = len(case.robot.links)
    corrections = np.zeros((n_ticks, n_joints))
    frozen = np.zeros(n_ticks, dtype=np.bool_)
    confidence = np.ones(n_ticks)
    waiting: deque[Vector] = deque()
    blocks: list[SimulatedRun] = []
    for tick in range(n_ticks):
        physics = case.physics_at(tick * CORRECTION_STEPS)
        if physics is not simulated.hidden:
            simulated.change(physics)
        block = simulated.advance(CORRECTION_STEPS)
        blocks.append(block)
        if corrector is None:
            continue
        measured = JointState(
            int(block.stamp_ns[0]), block.position[0], block.velocity[0], block.effort[0]
        )
        made = corrector.correct(measured, block.correction[0])
        corrections[tick] = made.torque
        frozen[tick] = made.frozen
        confidence[tick] = made.confidence
        waiting.append(made.torque)
        if len(waiting) == case.delay_cycles:
            simulated.apply_correction(waiting.popleft())
    return TrackingRun(
        case=case,
        run=joined(blocks),
        correction=corrections,
        frozen=frozen,
        confidence=confidence,
    )


def scored_rows(n_rows: int, period: float = STEP) -> slice:
    """Return the rows of a run that count, after settling."""
    return slice(min(n_rows, round(SETTLE / period)), n_rows)


def scored_ticks(n_ticks: int) -> slice:
    """Return the ticks of a run that count, after settling."""
    return scored_rows(n_ticks, PERIOD)
