# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark latency`: one step of the runtime, and whole ticks of the pipeline."""

from lstm_dynamics_bench.cli.options import BenchmarkOptions
from lstm_dynamics_bench.latency.steps import benchmark_latency
from lstm_dynamics_bench.latency.ticks import control_tick, whole_tick
from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.runtime.model_file import load_model


def run(options: BenchmarkOptions) -> int:
    """Measure, and print the table."""
    loaded = load_model(options.model or asset('models/arm_forward.onnx'))
    with progress('latency') as update:
        result = benchmark_latency(
            loaded,
            steps=options.steps,
            seed=options.seed or 0,
            others={
                'tick': whole_tick(loaded, horizon_steps=0),
                'tick_horizon_50': whole_tick(loaded, horizon_steps=50),
                'tick_control': control_tick(asset('models/arm_residual.onnx'), 'arm'),
            },
            progress=update,
        )
    say(result.text())
    write_json(options.json, result.to_json())
    return 0
