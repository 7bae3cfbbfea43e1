# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark tracking`: corrections on an embedded robot, lockstep or ROS."""

from pathlib import Path

from lstm_dynamics_bench.cli.options import BenchmarkOptions
from lstm_dynamics_bench.tracking.methods.learned import DEFAULT, shipped_models
from lstm_dynamics_bench.tracking.page import pictures, write_page, write_pictures
from lstm_dynamics_bench.tracking.settings import SuiteSettings
from lstm_dynamics_bench.tracking.suite import run_suite
from lstm_dynamics_bench.tracking.table import tracking_table
from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.lazy import load
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.sim.robot import load_robot

BUDGETS = {'2': ('2',), 'none': ('none',), 'both': ('2', 'none')}
FIRST_HELD_OUT = 10_000
MODELS = ('residual', 'memoryless', 'forward')


def run(options: BenchmarkOptions) -> int:
    """Run the benchmark, print its table and write what was asked for."""
    if options.ros:
        return _over_ros(options)
    if options.budget not in BUDGETS:
        raise UnknownNameError('budget', options.budget, BUDGETS)
    settings = SuiteSettings(
        scenarios=options.scenario,
        methods=options.controller,
        budgets=BUDGETS[options.budget],
        first_seed=FIRST_HELD_OUT if options.seed is None else options.seed,
        n_seeds=options.seeds,
        payload=options.payload,
        quick=options.quick,
        sweep=options.sweep,
        models=_models(options),
        workers=options.workers,
    )
    robot = load_robot(options.robot)
    with progress('tracking') as update:
        result = run_suite(robot, settings, update)
    say(tracking_table(result))
    write_json(options.json, result.to_json())
    if options.plots is None and options.report is None:
        return 0
    with progress('tracking') as update:
        drawn = pictures(robot, result, update)
    if options.plots is not None:
        write_pictures(options.plots, drawn)
    if options.report is not None:
        write_page(options.report, result, drawn)
    return 0


def _over_ros(options: BenchmarkOptions) -> int:
    """Run a scenario through ROS and in lockstep, and print both."""
    comparison = load('lstm_dynamics_bench.experiments.tracking.lockstep_comparison')
    if len(options.controller) > 1:
        raise ConfigError('--ros runs one controller at a time.')
    settings = comparison.ComparisonSettings(
        scenario=options.ros,
        controller=options.controller[0] if options.controller else DEFAULT,
        first_seed=FIRST_HELD_OUT if options.seed is None else options.seed,
        n_seeds=options.seeds,
        payload=options.payload,
        models=_models(options),
    )
    with progress('tracking over ROS') as update:
        result = comparison.compare(load_robot(options.robot), settings, update)
    say(result.text())
    write_json(options.json, result.to_json())
    return 0


def _models(options: BenchmarkOptions) -> dict[str, Path]:
    """Return the models that take part in tracking, by what they are for."""
    models = shipped_models(options.robot)
    for entry in options.models:
        what, sign, path = entry.partition('=')
        if not sign:
            raise ConfigError(f'--models must hold what=FILE, got {entry!r}.')
        if what not in MODELS:
            raise UnknownNameError('use of a model', what, MODELS)
        if not Path(path).is_file():
            raise ConfigError(f'There is no model file {path}.')
        load_model(path)  # refused here and not in a worker
        models[what] = Path(path).resolve()
    return models
