# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark training`: our training step beside a bare torch loop."""

from lstm_dynamics_bench.cli.options import BenchmarkOptions
from lstm_dynamics_bench.training import benchmark_training, training_table
from lstm_dynamics_ros.cli.console import progress, say, write_json


def run(options: BenchmarkOptions) -> int:
    """Measure, and print the table."""
    with progress('training') as update:
        result = benchmark_training(rounds=options.rounds, progress=update)
    say(training_table(result))
    write_json(options.json, result)
    return 0
