# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark forecast`: a shipped model beside plain predictors."""

from lstm_dynamics_bench.cli.options import BenchmarkOptions
from lstm_dynamics_bench.forecast import forecast_benchmark, forecast_table
from lstm_dynamics_ros.cli.console import progress, say, write_json


def run(options: BenchmarkOptions) -> int:
    """Measure, and print the table."""
    with progress('forecast') as update:
        result = forecast_benchmark(options.robot, seed=options.seed or 0, progress=update)
    say(forecast_table(result))
    write_json(options.json, result)
    return 0
