# SPDX-License-Identifier: Apache-2.0
"""Tuning: one setting of each method for all scenarios, chosen on the training seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math

from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.base import Settings
from lstm_dynamics_bench.tracking.methods.classical import ORACLE
from lstm_dynamics_bench.tracking.trial import Trial, TrialRunner
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import Score
import numpy as np

QUIET = 1e-12
"""An oracle torque rougher than this can be divided by [N m]."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One method with one setting in one scenario, over all seeds."""

    rms_mrad: float
    """Mean over seeds of the RMS error [mrad]."""
    max_mrad: float
    """Largest error of any seed [mrad]."""
    roughness: float
    """RMS of the correction above 5 Hz over that of the oracle, mean over joints."""
    peak_force_n: float
    """Mean over seeds of the largest wall force [N]."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One setting of a method over scenarios."""

    settings: Settings
    error_mrad: float
    """Geometric mean over scenarios of the RMS error [mrad]."""
    roughness: Mapping[str, float]
    """By scenario."""

    @property
    def roughest(self) -> float:
        """Largest roughness of any scenario."""
        return max(self.roughness.values())

    @property
    def mean_roughness(self) -> float:
        """Geometric mean of the roughness over scenarios; 0 if it is 0 anywhere."""
        return geometric_mean(list(self.roughness.values()))


def figures(scores: Sequence[Score], oracle: Sequence[Score]) -> Figures:
    """Return the figures of a method from its runs and those of the oracle.

    Roughness is pooled over seeds before the division, because in a single slow run an oracle's
    joint may not turn round even once.
    """
    own = np.sqrt(np.mean([np.square(item.rough) for item in scores], axis=0))
    bound = np.sqrt(np.mean([np.square(item.rough) for item in oracle], axis=0))
    counted = bound > QUIET
    rough = float(np.mean(own[counted] / bound[counted])) if counted.any() else 0.0
    return Figures(
        rms_mrad=float(np.mean([item.rms_mrad for item in scores])),
        max_mrad=max(item.max_mrad for item in scores),
        roughness=rough,
        peak_force_n=float(np.mean([item.peak_force_n for item in scores])),
    )


def try_all(
    runner: TrialRunner,
    methods: Sequence[str],
    scenarios: Sequence[str],
    seeds: Sequence[int],
    *,
    quick: bool = False,
) -> dict[str, list[Tried]]:
    """Run the whole grid of each method on the training seeds.

    Args:
        runner: Makes the runs.
        methods: Names of the methods.
        scenarios: Names of the scenarios.
        seeds: Training seeds.
        quick: Whether the coarser grids do.
    """
    grids: dict[str, tuple[Settings, ...]] = {}
    for name in methods:
        kind = METHODS[name]
        grids[name] = (quick and kind.quick_grid) or kind.grid
    trials = {
        (name, number, scenario): [Trial.of(scenario, seed, name, settings) for seed in seeds]
        for name, grid in [*grids.items(), (ORACLE, ({},))]
        for number, settings in enumerate(grid)
        for scenario in scenarios
    }
    scores = runner.scores([trial for group in trials.values() for trial in group], 'tuning')
    tried: dict[str, list[Tried]] = {}
    for name, grid in grids.items():
        tried[name] = []
        for number, settings in enumerate(grid):
            found = {
                scenario: figures(
                    [scores[trial] for trial in trials[name, number, scenario]],
                    [scores[trial] for trial in trials[ORACLE, 0, scenario]],
                )
                for scenario in scenarios
            }
            tried[name].append(
                Tried(
                    settings=settings,
                    error_mrad=geometric_mean([item.rms_mrad for item in found.values()]),
                    roughness={key: item.roughness for key, item in found.items()},
                )
            )
    return tried


def choose(
    tried: Sequence[Tried], budget: float | None, *, everywhere: bool = True
) -> Tried | None:
    """Return the setting with the least error whose roughness is within a budget.

    Args:
        tried: All settings.
        budget: Largest roughness; None for any.
        everywhere: Whether it holds in every scenario, or for the geometric mean over scenarios.

    Returns:
        The setting; None if none is within the budget.
    """
    fitting = [
        item
        for item in tried
        if budget is None or (item.roughest if everywhere else item.mean_roughness) <= budget
    ]
    return min(fitting, key=lambda item: item.error_mrad, default=None)


def geometric_mean(values: Sequence[float]) -> float:
    """Return the geometric mean; 0 if a value is 0."""
    if min(values) <= 0.0:
        return 0.0
    return math.exp(sum(math.log(value) for value in values) / len(values))
