# SPDX-License-Identifier: Apache-2.0
"""The whole benchmark: identify, tune on training seeds, score on held-out ones."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel, identify
from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.base import GivenModels
from lstm_dynamics_bench.tracking.methods.classical import NONE, ORACLE
from lstm_dynamics_bench.tracking.result import Budgeted, TrackingResult
from lstm_dynamics_bench.tracking.settings import BUDGETS, QUICK_SCENARIOS, SuiteSettings
from lstm_dynamics_bench.tracking.sweep import sweep
from lstm_dynamics_bench.tracking.trial import Bench, Trial, trial_runner, TrialRunner
from lstm_dynamics_bench.tracking.tuning import (
    choose,
    figures,
    Tried,
    try_all,
)
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import Score
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import SCENARIOS
from lstm_dynamics_ros.sim.collection import training_plan
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulate import simulate

BUDGET_EVERYWHERE = False
"""Whether it holds in every scenario, or for the geometric mean over scenarios.

In ``slow`` the oracle itself is rough by 1 to 12 mN m only, so that the noise of the encoders
alone puts every observer, theirs and ours, past the budget. Held everywhere it would bind
all methods through one scenario; decided on the training seeds, see docs/tracking.md.
"""

IDENTIFICATION_RUNS = 12
"""Training runs that the textbook model is fitted to ..."""

IDENTIFICATION_TIME = 15.0
"""... and how long each is [s]."""


def run_suite(
    robot: RobotDescription, settings: SuiteSettings, progress: Progress = no_progress
) -> TrackingResult:
    """Tune every method and score it. The same settings give the same figures.

    Args:
        robot: Which robot.
        settings: What is to be run.
        progress: Called with steps done, steps in all, and what is being done.

    Raises:
        UnknownNameError: If a scenario, controller or budget is unknown.
        ConfigError: If a number in the settings is out of range.
    """
    settings.check()
    asked = settings.methods or tuple(METHODS)
    given = GivenModels(models=settings.models)
    if any(METHODS[name].needs_identification for name in asked):
        given = replace(given, identified=identified(robot))
    absent = {name: why for name in asked if (why := METHODS[name]().absent(given))}
    names = [name for name in asked if name not in absent]
    names += [name for name in (NONE, ORACLE) if name not in names]
    tuned_in = [
        name
        for name in (QUICK_SCENARIOS if settings.quick else SCENARIOS)
        if SCENARIOS[name].summarised
    ]
    bench = bench_of(robot, settings, given.identified)
    with trial_runner(bench, workers=settings.workers, progress=progress) as runner:
        tried = try_all(runner, names, tuned_in, settings.training_seeds, quick=settings.quick)
        budgeted = {
            budget: _on_held_out(runner, settings, tried, BUDGETS[budget])
            for budget in settings.budgets
        }
        sweeps = {
            budget: sweep(
                runner,
                {k: v.settings for k, v in item.chosen.items() if v is not None},
                settings.sweep,
                seed=settings.first_seed,
            )
            for budget, item in budgeted.items()
            if settings.sweep
        }
    return TrackingResult(
        robot=robot.name,
        settings=settings,
        identified=given.identified,
        tried=tried,
        budgeted=budgeted,
        sweeps=sweeps,
        absent=absent,
    )


def bench_of(
    robot: RobotDescription, settings: SuiteSettings, model: IdentifiedModel | None
) -> Bench:
    """Return what all runs of a benchmark share."""
    return Bench(
        robot=robot,
        given=GivenModels(identified=model, models=settings.models),
        payload=settings.payload,
    )


def identified(robot: RobotDescription) -> IdentifiedModel:
    """Return the textbook model, fitted to runs as they are recorded for training."""
    plan = training_plan(robot, IDENTIFICATION_RUNS, duration=IDENTIFICATION_TIME)
    return identify(
        robot,
        [simulate(robot, p.motion(robot), hidden=p.hidden(robot), seed=p.seed) for p in plan],
    )


def _on_held_out(
    runner: TrialRunner,
    settings: SuiteSettings,
    tried: Mapping[str, Sequence[Tried]],
    budget: float | None,
) -> Budgeted:
    """Run the chosen setting of every method on the seeds of the table."""
    chosen = {
        name: choose(items, budget, everywhere=BUDGET_EVERYWHERE) for name, items in tried.items()
    }
    chosen[ORACLE] = tried[ORACLE][0]  # by definition as rough as itself
    groups = {
        (scenario, name): [
            Trial.of(scenario, seed, name, item.settings) for seed in settings.seeds
        ]
        for scenario in settings.chosen_scenarios
        for name, item in chosen.items()
        if item is not None
    }
    scores = runner.scores([trial for group in groups.values() for trial in group], 'judging')
    runs: dict[tuple[str, str], list[Score]] = {
        key: [scores[trial] for trial in group] for key, group in groups.items()
    }
    return Budgeted(
        budget=budget,
        chosen=chosen,
        figures={
            (scenario, name): figures(items, runs[scenario, ORACLE])
            for (scenario, name), items in runs.items()
        },
        scores=runs,
    )
