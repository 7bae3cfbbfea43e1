# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark`: how fast things are, beside what a user would otherwise write."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.assets import asset
from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.errors import UnknownNameError
import tyro

BENCHMARKS = ('latency', 'training', 'forecast')


@dataclass
class Benchmark:
    """Measure speed as paired ratios, and forecasts beside plain predictors.

    latency: one step of our preallocated runtime beside a plain `session.run`, and a whole
    pipeline tick. training: our teacher-forced training step beside a bare torch loop over the
    same nn.LSTM and batches; the rollout loss apart. forecast: the shipped model of an embedded
    robot beside persistence, constant velocity and ridge ARX(20), over motions and speeds, on
    payloads and seeds that training cannot draw.
    """

    what: Annotated[str, tyro.conf.Positional]
    """latency, training or forecast."""
    model: Path | None = None
    """Model file for latency; the shipped arm model by default."""
    steps: int = 20_000
    """Steps of each contender (latency)."""
    rounds: int = 7
    """Paired rounds (training)."""
    robot: str = 'arm'
    """Embedded robot (forecast)."""
    seed: int = 0
    """Seed of the inputs (latency) or motions (forecast)."""
    json: Path | None = None
    """Write the figures as JSON to this file."""

    def run(self) -> int:
        """Run one benchmark and print its table."""
        if self.what not in BENCHMARKS:
            raise UnknownNameError('benchmark', self.what, BENCHMARKS)
        if self.what == 'forecast':
            return self._forecast()
        return self._latency() if self.what == 'latency' else self._training()

    def _forecast(self) -> int:
        from lstm_dynamics_ros.cli.forecast_benchmark import (  # noqa: PLC0415
            forecast_benchmark,
            forecast_table,
        )

        with progress('forecast') as update:
            result = forecast_benchmark(self.robot, seed=self.seed, progress=update)
        say(forecast_table(result))
        write_json(self.json, result)
        return 0

    def _latency(self) -> int:
        from lstm_dynamics_ros.cli.tick_benchmark import whole_tick  # noqa: PLC0415
        from lstm_dynamics_ros.evaluation.benchmark_latency import (  # noqa: PLC0415
            benchmark_latency,
        )
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        loaded = load_model(self.model or asset('models/arm_forward.onnx'))
        with progress('latency') as update:
            result = benchmark_latency(
                loaded,
                steps=self.steps,
                seed=self.seed,
                others={
                    'tick': whole_tick(loaded, horizon_steps=0),
                    'tick_horizon_50': whole_tick(loaded, horizon_steps=50),
                },
                progress=update,
            )
        say(result.text())
        write_json(self.json, result.to_json())
        return 0

    def _training(self) -> int:
        from lstm_dynamics_ros.training.benchmark import benchmark_training  # noqa: PLC0415

        with progress('training') as update:
            result = benchmark_training(rounds=self.rounds, progress=update)
        say('update of            median [ms]   over a bare torch loop')
        say(f'bare torch loop      {1e3 * result["bare"]:11.1f}')
        say(f'ours, teacher-forced {1e3 * result["teacher_forced"]:11.1f}   {result["ratio"]:.2f}')
        say(
            f'ours, with free runs {1e3 * result["with_free_runs"]:11.1f}   '
            f'{result["ratio_with_free_runs"]:.2f}'
        )
        write_json(self.json, result)
        return 0
