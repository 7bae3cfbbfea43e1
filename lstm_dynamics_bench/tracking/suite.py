# SPDX-License-Identifier: Apache-2.0
"""The whole benchmark: identify, tune on training seeds, judge on held-out ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lstm_dynamics_bench.tracking.baselines.identified_model import IdentifiedModel, identify
from lstm_dynamics_bench.tracking.methods.base import CONTESTANTS, Knowledge
from lstm_dynamics_bench.tracking.methods.classical import NONE, ORACLE
from lstm_dynamics_bench.tracking.result import Budgeted, TrackingResult
from lstm_dynamics_bench.tracking.sweep import sweep
from lstm_dynamics_bench.tracking.trial import Bench, Trial, trial_runner, TrialRunner, WORKERS
from lstm_dynamics_bench.tracking.tuning import (
    choose,
    figures,
    TRAINING_SEEDS,
    Tried,
    try_all,
)
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.evaluation.closed_loop.metrics import Score
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import SCENARIOS
from lstm_dynamics_ros.sim.collection import training_plan
from lstm_dynamics_ros.sim.robot import RobotDescription
from lstm_dynamics_ros.sim.simulate import simulate

HELD_OUT_SEED = 10_000
"""First of the seeds that only the published table may use."""

N_HELD_OUT = 10
"""How many there are."""

ROUGHNESS_BUDGET = 2.0
"""Largest roughness at equal smoothness."""

BUDGET_EVERYWHERE = False
"""Whether it holds in every scenario, or for the geometric mean over scenarios.

In ``slow`` the oracle itself is rough by 1 to 12 mN m only, so that the noise of the encoders
alone puts every observer, theirs and ours, past the budget. Held everywhere it would bind
everybody through one scenario; decided on the training seeds, see docs/tracking.md.
"""

BUDGETS: dict[str, float | None] = {'2': ROUGHNESS_BUDGET, 'none': None}
"""Budgets of roughness by the name on the command line."""

QUICK_SCENARIOS = ('clean', 'noisy', 'delayed', 'payload_change', 'contact')
"""Scenarios of a quick run."""

QUICK_SEEDS = 2
"""Seeds of a quick run, for tuning and for judging each."""

IDENTIFICATION_RUNS = 12
"""Training runs that the textbook model is fitted to ..."""

IDENTIFICATION_TIME = 15.0
"""... and how long each is [s]."""


@dataclass(frozen=True, kw_only=True)
class SuiteSettings:
    """What is to be run."""

    scenarios: tuple[str, ...] = ()
    """Names of scenarios; none for all."""
    contestants: tuple[str, ...] = ()
    """Names of controllers; none for all that can take part."""
    budgets: tuple[str, ...] = ('2', 'none')
    """Names of budgets of roughness."""
    first_seed: int = HELD_OUT_SEED
    """First seed of the table."""
    n_seeds: int = N_HELD_OUT
    """How many seeds follow."""
    payload: float | None = None
    """Payload in place of that of the scenarios [kg]."""
    quick: bool = False
    """Whether few scenarios, seeds and settings do."""
    sweep: int = 0
    """Random combinations of payload, friction, delay and gains that are tried for stability."""
    workers: int = WORKERS
    """Processes."""
    models: Mapping[str, Path] = field(default_factory=dict)
    """Model files by what they are for."""

    @property
    def training_seeds(self) -> tuple[int, ...]:
        """Seeds that everybody is tuned on."""
        return TRAINING_SEEDS[:QUICK_SEEDS] if self.quick else TRAINING_SEEDS

    @property
    def seeds(self) -> tuple[int, ...]:
        """Seeds of the table."""
        n = min(self.n_seeds, QUICK_SEEDS) if self.quick else self.n_seeds
        return tuple(range(self.first_seed, self.first_seed + n))

    @property
    def chosen_scenarios(self) -> tuple[str, ...]:
        """Scenarios of the table."""
        every = QUICK_SCENARIOS if self.quick else tuple(SCENARIOS)
        return self.scenarios or every

    def check(self) -> None:
        """Refuse names and numbers that do not exist.

        Raises:
            UnknownNameError: If a scenario, controller or budget is unknown.
            ConfigError: If there are no seeds, or they overlap with those for tuning.
        """
        for kind, names, known in (
            ('scenario', self.scenarios, SCENARIOS),
            ('controller of the benchmark', self.contestants, CONTESTANTS),
            ('budget', self.budgets, BUDGETS),
        ):
            for name in names:
                if name not in known:
                    raise UnknownNameError(kind, name, known)
        if self.n_seeds < 1:
            raise ConfigError(f'The benchmark needs at least one seed, got {self.n_seeds}.')
        if not self.budgets:
            raise ConfigError('The benchmark needs at least one budget.')
        if self.sweep < 0:
            raise ConfigError(f'A sweep needs >= 0 combinations, got {self.sweep}.')


def run_suite(
    robot: RobotDescription, settings: SuiteSettings, progress: Progress | None = None
) -> TrackingResult:
    """Tune every contestant and judge it. The same settings give the same figures.

    Args:
        robot: Which robot.
        settings: What is to be run.
        progress: Told (done, total, what).

    Raises:
        UnknownNameError: If a scenario, controller or budget is unknown.
        ConfigError: If a number in the settings is out of range.
    """
    settings.check()
    asked = settings.contestants or tuple(CONTESTANTS)
    knowledge = Knowledge(models=settings.models)
    if any(CONTESTANTS[name].needs_identification for name in asked):
        knowledge = replace(knowledge, identified=identified(robot))
    absent = {name: why for name in asked if (why := CONTESTANTS[name]().absent(knowledge))}
    names = [name for name in asked if name not in absent]
    names += [name for name in (NONE, ORACLE) if name not in names]
    tuned_in = [
        name
        for name in (QUICK_SCENARIOS if settings.quick else SCENARIOS)
        if SCENARIOS[name].summarised
    ]
    bench = bench_of(robot, settings, knowledge.identified)
    with trial_runner(bench, workers=settings.workers, progress=progress) as runner:
        tried = try_all(runner, names, tuned_in, settings.training_seeds, quick=settings.quick)
        budgeted = {
            budget: _judge(runner, settings, tried, BUDGETS[budget]) for budget in settings.budgets
        }
        sweeps = {
            budget: sweep(
                runner,
                {k: v.settings for k, v in judged.chosen.items() if v is not None},
                settings.sweep,
                seed=settings.first_seed,
            )
            for budget, judged in budgeted.items()
            if settings.sweep
        }
    return TrackingResult(
        robot=robot.name,
        settings=settings,
        identified=knowledge.identified,
        tried=tried,
        budgeted=budgeted,
        sweeps=sweeps,
        absent=absent,
    )


def bench_of(
    robot: RobotDescription, settings: SuiteSettings, model: IdentifiedModel | None
) -> Bench:
    """Return what all runs of a benchmark have in common."""
    return Bench(
        robot=robot,
        knowledge=Knowledge(identified=model, models=settings.models),
        payload=settings.payload,
    )


def identified(robot: RobotDescription) -> IdentifiedModel:
    """Return the textbook model, fitted to runs as they are recorded for training."""
    plan = training_plan(robot, IDENTIFICATION_RUNS, duration=IDENTIFICATION_TIME)
    return identify(
        robot,
        [simulate(robot, p.motion(robot), hidden=p.hidden(robot), seed=p.seed) for p in plan],
    )


def _judge(
    runner: TrialRunner,
    settings: SuiteSettings,
    tried: Mapping[str, Sequence[Tried]],
    budget: float | None,
) -> Budgeted:
    """Run the chosen setting of every contestant on the seeds of the table."""
    chosen = {
        name: choose(items, budget, everywhere=BUDGET_EVERYWHERE) for name, items in tried.items()
    }
    chosen[ORACLE] = tried[ORACLE][0]  # by definition as rough as itself
    groups = {
        (scenario, name): [
            Trial(
                scenario=scenario,
                seed=seed,
                contestant=name,
                settings=tuple(sorted(item.settings.items())),
            )
            for seed in settings.seeds
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
