# SPDX-License-Identifier: Apache-2.0
"""Settings of the tracking benchmark: scenarios, methods, seeds, budgets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import SCENARIOS

TRAINING_SEEDS = (0, 1, 2, 3, 4)
"""Seeds that anything may be chosen on."""

WORKERS = 2
"""Processes that share the runs."""

HELD_OUT_SEED = 10_000
"""First of the seeds that only the published table may use."""

N_HELD_OUT = 10
"""How many there are."""

ROUGHNESS_BUDGET = 2.0
"""Largest roughness at equal smoothness."""

BUDGETS: dict[str, float | None] = {'2': ROUGHNESS_BUDGET, 'none': None}
"""Budgets of roughness by the name on the command line."""

QUICK_SCENARIOS = ('clean', 'noisy', 'delayed', 'payload_change', 'contact')
"""Scenarios of a quick run."""

QUICK_SEEDS = 2
"""Seeds of a quick run, for tuning and for judging each."""


@dataclass(frozen=True, kw_only=True)
class SuiteSettings:
    """What is run, tuned and scored."""

    scenarios: tuple[str, ...] = ()
    """Names of scenarios; none for all."""
    methods: tuple[str, ...] = ()
    """Names of controllers; none for all that can be run."""
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
        """Seeds that every method is tuned on."""
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
            ('controller of the benchmark', self.methods, METHODS),
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
