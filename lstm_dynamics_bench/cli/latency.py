# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark latency`: one step of the runtime, and whole ticks of the pipeline."""

from dataclasses import replace
from pathlib import Path

from lstm_dynamics_bench.cli.options import BenchmarkOptions
from lstm_dynamics_bench.latency.against import benchmark_against, comparison_table
from lstm_dynamics_bench.latency.steps import benchmark_latency, BLOCK
from lstm_dynamics_bench.latency.tick_files import files_per_tick, LAST
from lstm_dynamics_bench.latency.ticks import control_tick, whole_tick
from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.runtime.model_file import load_model


def run(options: BenchmarkOptions) -> int:
    """Measure, and print the table."""
    if options.against is not None:
        return _against(options, options.against)
    loaded = load_model(options.model or asset('models/arm_forward.onnx'))
    armed = control_tick(asset('models/arm_residual.onnx'), 'arm')
    with progress('latency') as update:
        result = benchmark_latency(
            loaded,
            steps=options.steps,
            seed=options.seed or 0,
            others={
                'tick': whole_tick(loaded, horizon_steps=0),
                'tick_horizon_50': whole_tick(loaded, horizon_steps=50),
                'tick_control': armed,
            },
            progress=update,
        )
    files = files_per_tick(lambda: [armed() for _ in range(LAST)])
    result = replace(result, files=files)
    say(result.text())
    write_json(options.json, result.to_json())
    return 0


def _against(options: BenchmarkOptions, other: Path) -> int:
    """Measure this checkout and another one in turn, and print how they compare."""
    words = ['--steps', str(max(BLOCK, options.steps // max(options.rounds, 1)))]
    words += ['--seed', str(options.seed or 0)]
    words += ['--model', str(options.model)] if options.model else []
    this = Path(__file__).parents[2]
    with progress('latency') as update:
        result = benchmark_against((this, other), words, rounds=options.rounds, progress=update)
    say(comparison_table(result))
    write_json(options.json, result)
    return 0
