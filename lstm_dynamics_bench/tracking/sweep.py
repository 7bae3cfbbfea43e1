# SPDX-License-Identifier: Apache-2.0
"""Stability on random robots: payload, friction, delay and base gains are drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.base import Settings
from lstm_dynamics_bench.tracking.methods.classical import NONE
from lstm_dynamics_bench.tracking.trial import Trial, TrialRunner, Variation
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import Score
import numpy as np

SCENARIO = 'clean'
"""Whose motions and sensors are used."""

FRICTION = (0.3, 3.0)
"""Range of the factor on friction, drawn evenly in its logarithm."""

DELAY_CYCLES = (1, 4)
"""Range of the delay of the correction [control cycles]."""

GAIN = (0.5, 1.3)
"""Range of the factor on the stiffness of the robot's own controller."""

DIVERGED = 1000.0
"""A larger error than this is a divergence [mrad]."""

OSCILLATING = 2.0
"""An error above 2 Hz this many times that without correction is a limit cycle ..."""

NOTICEABLE = 1.0
"""... unless it is smaller than this [mrad]."""

WORSE = 1.1
"""An error this many times that without correction counts as worse."""

ROUNDS = 5
"""How often unstable robots are drawn anew."""


@dataclass(frozen=True, kw_only=True)
class Stability:
    """Divergence, limit cycles and errors of one controller over all combinations."""

    controller: str
    runs: int
    """Combinations whose run without correction is itself stable."""
    diverged: int
    limit_cycles: int
    worse: int
    """Runs with more than 1.1 times the error without correction."""
    worst_ratio: float
    """Largest error over that without correction."""
    median_ratio: float
    """Median of it."""


def draw(seed: int, number: int, largest_payload: float) -> Variation:
    """Return a random robot. The same numbers give the same one.

    Args:
        seed: Seed of the sweep.
        number: Which of its robots.
        largest_payload: Largest payload [kg].
    """
    rng = np.random.default_rng([seed, number])
    low, high = np.log(FRICTION)
    return Variation(
        payload=largest_payload * float(rng.uniform()),
        friction=float(np.exp(rng.uniform(low, high))),
        delay_cycles=int(rng.integers(DELAY_CYCLES[0], DELAY_CYCLES[1] + 1)),
        gain=float(rng.uniform(*GAIN)),
    )


def sweep(
    runner: TrialRunner, settings: Mapping[str, Settings], n: int, *, seed: int
) -> list[Stability]:
    """Try controllers on random robots that are stable without correction.

    Controllers that replace the robot's own are left out: base gains mean nothing to them.

    Args:
        runner: Makes the runs.
        settings: By controller what it is tuned to.
        n: How many robots.
        seed: Another one gives other robots and motions.
    """
    alone = _stable(runner, n, seed)
    names = [name for name in settings if name != NONE and not METHODS[name].replaces]
    trials = {
        (name, trial): Trial.of(SCENARIO, trial.seed, name, settings[name], trial.variation)
        for name in names
        for trial in alone
    }
    scores = runner.scores(list(trials.values()), 'stability')
    return [
        _stability(name, [(scores[trials[name, plain]], alone[plain]) for plain in alone])
        for name in names
    ]


def _stable(runner: TrialRunner, n: int, seed: int) -> dict[Trial, Score]:
    """Return runs without correction of robots that are stable so."""
    largest = runner.bench.robot.payload.maximum
    found: dict[Trial, Score] = {}
    number = 0
    for _ in range(ROUNDS):
        trials: list[Trial] = []
        while len(found) + len(trials) < n:
            variation = draw(seed, number, largest)
            trials.append(
                Trial(scenario=SCENARIO, seed=seed + number, method=NONE, variation=variation)
            )
            number += 1
        scores = runner.scores(trials, 'stability without')
        found |= {trial: item for trial, item in scores.items() if _is_stable(item)}
    return found


def _is_stable(item: Score) -> bool:
    """Return whether a run neither ran away nor passed a limit."""
    return item.max_mrad < DIVERGED and not any(item.violations.values())


def _stability(name: str, pairs: list[tuple[Score, Score]]) -> Stability:
    """Return how one controller did, from its runs and those without correction."""
    ratios = [own.rms_mrad / plain.rms_mrad for own, plain in pairs]
    return Stability(
        controller=name,
        runs=len(pairs),
        diverged=sum(not own.max_mrad < DIVERGED for own, _ in pairs),
        limit_cycles=sum(
            own.oscillation_mrad > max(NOTICEABLE, OSCILLATING * plain.oscillation_mrad)
            for own, plain in pairs
        ),
        worse=sum(not ratio <= WORSE for ratio in ratios),
        worst_ratio=max(ratios, default=0.0),
        median_ratio=float(np.median(ratios)) if ratios else 0.0,
    )
