# SPDX-License-Identifier: Apache-2.0
"""Which runs to record for training a model, and which to keep for judging it."""

from dataclasses import dataclass, replace

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
from lstm_dynamics_ros.sim.motions import make_motion, Motion, MOTIONS
from lstm_dynamics_ros.sim.random_torque import RandomTorque
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

SLOWEST = 0.15
"""Slowest motion of a plan, 1 being the fastest."""

HELD_OUT_PAYLOADS = (0.63, 0.15, 0.86, 0.4)
"""Payloads of the evaluation runs, as shares of the largest one."""

HELD_OUT_MARGIN = 0.02
"""No training payload is nearer than this to a held-out one, as a share of the largest one."""

HELD_OUT_SEEDS = 1_000_000_000
"""Seeds from here on are of evaluation runs, those below of training runs."""


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """One run to record."""

    name: str
    """Name of the run, and of the bag it becomes."""
    payload: float
    """Mass of the payload [kg]."""
    kind: str
    """Kind of motion, a name in ``MOTIONS``."""
    speed: float
    """How fast the motion is, in (0, 1]."""
    seed: int
    """Seed of the motion and of the sensor noise."""
    duration: float
    """How long it takes [s]."""
    later_payload: float | None = None
    """Mass of the payload from half time on [kg]; None if it stays."""
    excitation: float = 0.0
    """RMS of a random torque on top of the robot's own, as a share of the largest one."""

    def motion(self, robot: RobotDescription) -> Motion:
        """Return the motion of this run."""
        return make_motion(
            robot, self.kind, seed=self.seed, duration=self.duration, speed=self.speed
        )

    def hidden(self, robot: RobotDescription) -> HiddenPhysics:
        """Return the hidden physics of this run."""
        return replace(robot.hidden, payload=self.payload)

    def later(self, robot: RobotDescription) -> HiddenPhysics | None:
        """Return the hidden physics from half time on; None if they stay."""
        if self.later_payload is None:
            return None
        return replace(robot.hidden, payload=self.later_payload)

    def random_torque(self, robot: RobotDescription) -> RandomTorque | None:
        """Return the random torque of this run; None without."""
        if self.excitation == 0.0:
            return None
        return RandomTorque(self.excitation * robot.effort_limit, self.seed)


def training_plan(
    robot: RobotDescription,
    n_runs: int,
    *,
    seed: int = 0,
    duration: float = 30.0,
    changing: float = 0.0,
    excitation: float = 0.0,
) -> list[PlannedRun]:
    """Return runs that cover the payloads, the kinds of motion, and slow to fast.

    Payload and speed are stratified: each of ``n_runs`` equal slices of either range is met once.

    Args:
        robot: Which robot.
        n_runs: How many runs.
        seed: Another seed gives other runs.
        duration: How long each takes [s].
        changing: Share of runs in which the robot takes up or puts down a payload at half time.
        excitation: Mean over the runs of the RMS of a random torque on top of the robot's own, as
            a share of the largest one; of a single run from none to twice that.
    """
    rng = np.random.default_rng([seed, 0])
    payloads = [_not_held_out(share) for share in _stratified(n_runs, rng)]
    plan = _plan(robot, 'train', payloads, duration, rng, first_seed=0)
    n_changing = round(changing * n_runs)
    later = [_not_held_out(share) for share in _stratified(n_changing, rng)] if n_changing else []
    which = rng.choice(n_runs, size=n_changing, replace=False)
    for number, share in zip(which.tolist(), later, strict=True):
        plan[number] = replace(plan[number], later_payload=share * robot.payload.maximum)
    if excitation > 0.0:
        levels = 2.0 * excitation * _stratified(n_runs, rng)
        plan = [
            replace(run, excitation=level)
            for run, level in zip(plan, levels.tolist(), strict=True)
        ]
    return plan


def evaluation_plan(
    robot: RobotDescription, n_runs: int, *, seed: int = 0, duration: float = 30.0
) -> list[PlannedRun]:
    """Return runs whose payloads and motions are in no training plan.

    Args:
        robot: Which robot.
        n_runs: How many runs.
        seed: Another seed gives other runs.
        duration: How long each takes [s].
    """
    rng = np.random.default_rng([seed, 1])
    payloads = [HELD_OUT_PAYLOADS[k % len(HELD_OUT_PAYLOADS)] for k in range(n_runs)]
    return _plan(robot, 'evaluation', payloads, duration, rng, first_seed=HELD_OUT_SEEDS)


def held_out_payload(robot: RobotDescription) -> float:
    """Return a payload [kg] that no training plan comes near to."""
    return HELD_OUT_PAYLOADS[0] * robot.payload.maximum


def _plan(
    robot: RobotDescription,
    name: str,
    shares: list[float],
    duration: float,
    rng: np.random.Generator,
    *,
    first_seed: int,
) -> list[PlannedRun]:
    """Return one run per payload, given as a share of the largest one."""
    if not shares:
        raise ConfigError('A plan needs at least one run.')
    kinds = sorted(MOTIONS)
    speeds = SLOWEST + (1.0 - SLOWEST) * _stratified(len(shares), rng)
    seeds = first_seed + rng.choice(HELD_OUT_SEEDS, size=len(shares), replace=False)
    return [
        PlannedRun(
            name=f'{robot.name}_{name}_{k:03d}',
            payload=share * robot.payload.maximum,
            kind=kinds[k % len(kinds)],
            speed=float(speeds[k]),
            seed=int(seeds[k]),
            duration=duration,
        )
        for k, share in enumerate(shares)
    ]


def _stratified(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return one random number in each of n equal slices of [0, 1), in random order (n,)."""
    return rng.permutation((np.arange(n) + rng.uniform(size=n)) / n)


def _not_held_out(share: float) -> float:
    """Return the nearest payload that is not too near to a held-out one."""
    for held_out in HELD_OUT_PAYLOADS:
        distance = share - held_out
        if abs(distance) < HELD_OUT_MARGIN:
            return float(held_out + np.copysign(HELD_OUT_MARGIN, distance))
    return float(share)
