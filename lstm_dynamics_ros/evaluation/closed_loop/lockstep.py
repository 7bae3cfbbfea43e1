# SPDX-License-Identifier: Apache-2.0
"""One run in lockstep, measurement, correction and its effect some cycles later; its figures."""

from collections import deque
from dataclasses import dataclass, field

from lstm_dynamics_ros.core.state import JointState, Matrix, Vector
from lstm_dynamics_ros.evaluation.closed_loop.corrector import Corrector, OPEN_GATE
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case, PERIOD, SETTLE
from lstm_dynamics_ros.evaluation.metrics import high_passed, ROUGH_ABOVE
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


OSCILLATING_ABOVE = 2.0
"""Errors that change faster than the motions do, whose sines end at 0.8 Hz [Hz]."""

TRUSTED = 0.5
"""Confidence from which the model counts as trusted."""

CONTACT_FORCE = 15.0
"""Wall force from which an observer should stand still [N]."""

ROUNDING = 1e-9
"""Excess over a limit that is rounding, as a share of the limit."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """Figures of one run, small enough to be kept for thousands of runs."""

    rms_mrad: float
    """RMS of reference minus true position, pooled over joints [mrad]."""
    max_mrad: float
    """Largest of it over joints and time [mrad]."""
    joint_rms_mrad: tuple[float, ...]
    """RMS of each joint [mrad]."""
    rough: tuple[float, ...]
    """RMS of the correction above 5 Hz of each joint [N m]."""
    oscillation_mrad: float
    """RMS of the error above 2 Hz, pooled over joints [mrad]."""
    peak_force_n: float
    """Largest force of the wall [N]."""
    frozen_after: float | None
    """Time from the first 15 N of the wall until the observer stood still [s]; None without."""
    confidence: float
    """Mean trust in the model."""
    low_confidence: float
    """Smallest trust in the model."""
    trusted: float
    """Share of the time in which that trust was at least one half."""
    violations: dict[str, int] = field(default_factory=dict)
    """Ticks or rows past a limit, by kind: clamp, slew, position, speed, not_finite."""


def score(done: TrackingRun, correction: Matrix | None = None) -> Score:
    """Return the figures of a run.

    Args:
        done: The run.
        correction: The correction at each tick, in place of the run's own: for controllers that
            replace the robot's own [N m] (n_ticks, n_joints).
    """
    rows, ticks = scored_rows(len(done.run)), scored_ticks(len(done.correction))
    error = np.where(np.isfinite(done.run.tracking_error), done.run.tracking_error, np.inf)[rows]
    error = 1e3 * error
    torque = (done.correction if correction is None else correction)[ticks]
    return Score(
        rms_mrad=float(np.sqrt(np.mean(error**2))),
        max_mrad=float(np.abs(error).max()),
        joint_rms_mrad=tuple(float(value) for value in np.sqrt(np.mean(error**2, axis=0))),
        rough=tuple(float(value) for value in rough(torque)),
        oscillation_mrad=_oscillation(error),
        peak_force_n=float(done.run.wall_force.max()),
        frozen_after=_frozen_after(done),
        confidence=float(done.confidence[ticks].mean()),
        low_confidence=float(done.confidence[ticks].min()),
        trusted=float((done.confidence[ticks] >= TRUSTED).mean()),
        violations=violations(done),
    )


def rough(torque: Matrix) -> Vector:
    """Return the RMS above 5 Hz of a torque per control cycle [N m] (n_joints,).

    Args:
        torque: One row per control cycle [N m] (n_ticks, n_joints).
    """
    fast = high_passed(torque, ROUGH_ABOVE, 1.0 / PERIOD)
    level: Vector = np.sqrt(np.mean(fast**2, axis=0))
    return level


def _oscillation(error: Matrix) -> float:
    """Return the RMS above 2 Hz of an error at 1 kHz."""
    if not np.isfinite(error).all():
        return float('inf')
    return float(np.sqrt(np.mean(high_passed(error, OSCILLATING_ABOVE, 1.0 / STEP) ** 2)))


def violations(done: TrackingRun) -> dict[str, int]:
    """Count what was past a limit, over the whole run."""
    case, run = done.case, done.run
    robot, torque = case.robot, done.correction
    clamp = OPEN_GATE.max_effort_fraction * robot.effort_limit * (1.0 + ROUNDING)
    slew = OPEN_GATE.max_effort_rate * PERIOD * (1.0 + ROUNDING)
    change = np.diff(torque, axis=0, prepend=np.zeros((1, torque.shape[1])))
    position, speed = run.true_position, np.abs(run.true_velocity)
    outside = (position < robot.lower) | (position > robot.upper)
    return {
        'clamp': int((np.abs(torque) > clamp).any(axis=1).sum()),
        'slew': int((np.abs(change) > slew).any(axis=1).sum()),
        'position': int(outside.any(axis=1).sum()),
        'speed': int((speed > robot.velocity_limit).any(axis=1).sum()),
        'not_finite': int((~np.isfinite(position)).any(axis=1).sum()),
    }


def _frozen_after(done: TrackingRun) -> float | None:
    """Return how long after the first 15 N the observer stood still [s]."""
    pushed = np.flatnonzero(done.run.wall_force > CONTACT_FORCE)
    if len(pushed) == 0:
        return None
    since = int(pushed[0])
    steps = len(done.run) // len(done.correction)
    after = np.flatnonzero(done.frozen & (np.arange(len(done.frozen)) * steps >= since))
    return float(after[0] * steps - since) / 1000.0 if len(after) else float('inf')
