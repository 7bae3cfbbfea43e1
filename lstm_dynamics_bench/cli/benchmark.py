# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark`: how fast and how good, beside what a user would otherwise use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
import tyro

BENCHMARKS = ('latency', 'training', 'forecast', 'tracking')
BUDGETS = {'2': ('2',), 'none': ('none',), 'both': ('2', 'none')}
FIRST_HELD_OUT = 10_000
MODELS = ('residual', 'memoryless', 'forward')


@dataclass
class Benchmark:
    """Measure speed as paired ratios, forecasts beside plain predictors, and tracking.

    latency: one step of our preallocated runtime beside a plain `session.run`, and a whole
    pipeline tick. training: our teacher-forced training step beside a bare torch loop over the
    same nn.LSTM and batches; the rollout loss apart. forecast: the shipped model of an embedded
    robot beside persistence, constant velocity and ridge ARX(20), over motions and speeds, on
    payloads and seeds that training cannot draw. tracking: corrections on an embedded robot in
    lockstep, scenarios x controllers x seeds; every controller is tuned on seeds 0 to 4 by this
    command and scored on others. --quick does few of everything. real: published recordings of
    real robots; `lstm-dynamics benchmark real --help` lists its options.
    """

    what: Annotated[str, tyro.conf.Positional]
    """latency, training, forecast or tracking."""
    model: Path | None = None
    """Model file for latency; the shipped arm model by default."""
    steps: int = 20_000
    """Steps of each contender (latency)."""
    rounds: int = 7
    """Paired rounds (training)."""
    robot: str = 'arm'
    """Embedded robot (forecast, tracking)."""
    seed: int | None = None
    """Seed of the inputs (latency) or motions (forecast), 0 by default; first seed that is scored
    (tracking), by default the first of those held out."""
    json: Path | None = None
    """Write the figures as JSON to this file."""
    scenario: tuple[str, ...] = ()
    """Scenarios that are scored; all by default (tracking)."""
    controller: tuple[str, ...] = ()
    """Controllers that take part; all by default (tracking)."""
    seeds: int = 10
    """How many seeds are scored (tracking)."""
    payload: float | None = None
    """Payload [kg] in place of that of the scenarios (tracking)."""
    budget: str = 'both'
    """Roughness of the correction that tuning may use: 2 times that of an oracle, none for any, or
    both (tracking)."""
    quick: bool = False
    """Few scenarios, seeds and settings: minutes instead of an hour (tracking)."""
    sweep: int = 0
    """Also try this many random robots for stability (tracking)."""
    workers: int = 2
    """Processes that share the runs (tracking)."""
    models: tuple[str, ...] = ()
    """Model files to use in place of the shipped ones, e.g. residual=my.onnx (tracking)."""
    plots: Path | None = None
    """Write pictures into this folder (tracking)."""
    report: Path | None = None
    """Write a page with tables and pictures to this file (tracking)."""
    ros: str = ''
    """Run this scenario, and nothing else, through the real node and ROS, too, and compare it with
    lockstep (tracking)."""

    def run(self) -> int:
        """Run one benchmark and print its table."""
        if self.what not in BENCHMARKS:
            raise UnknownNameError('benchmark', self.what, BENCHMARKS)
        if self.what == 'tracking':
            return self._tracking()
        if self.what == 'forecast':
            return self._forecast()
        return self._latency() if self.what == 'latency' else self._training()

    def _forecast(self) -> int:
        from lstm_dynamics_bench.forecast import (  # noqa: PLC0415
            forecast_benchmark,
            forecast_table,
        )

        with progress('forecast') as update:
            result = forecast_benchmark(self.robot, seed=self.seed or 0, progress=update)
        say(forecast_table(result))
        write_json(self.json, result)
        return 0

    def _over_ros(self) -> int:
        from lstm_dynamics_bench.cli.tracking_benchmark import tracking_over_ros  # noqa: PLC0415
        from lstm_dynamics_bench.experiments.tracking.lockstep_comparison import ComparisonSettings  # noqa: PLC0415
        from lstm_dynamics_bench.tracking.methods.learned import DEFAULT  # noqa: PLC0415

        if len(self.controller) > 1:
            raise ConfigError('--ros runs one controller at a time.')
        settings = ComparisonSettings(
            scenario=self.ros,
            controller=self.controller[0] if self.controller else DEFAULT,
            first_seed=FIRST_HELD_OUT if self.seed is None else self.seed,
            n_seeds=self.seeds,
            payload=self.payload,
            models=self._models(),
        )
        return tracking_over_ros(self.robot, settings, json=self.json)

    def _tracking(self) -> int:
        if self.ros:
            return self._over_ros()
        from lstm_dynamics_bench.cli.tracking_benchmark import tracking_benchmark  # noqa: PLC0415
        from lstm_dynamics_bench.tracking.settings import SuiteSettings  # noqa: PLC0415

        if self.budget not in BUDGETS:
            raise UnknownNameError('budget', self.budget, BUDGETS)
        settings = SuiteSettings(
            scenarios=self.scenario,
            methods=self.controller,
            budgets=BUDGETS[self.budget],
            first_seed=FIRST_HELD_OUT if self.seed is None else self.seed,
            n_seeds=self.seeds,
            payload=self.payload,
            quick=self.quick,
            sweep=self.sweep,
            models=self._models(),
            workers=self.workers,
        )
        return tracking_benchmark(
            self.robot, settings, json=self.json, plots=self.plots, report=self.report
        )

    def _models(self) -> dict[str, Path]:
        """Return the models that take part in tracking, by what they are for."""
        from lstm_dynamics_bench.tracking.methods.learned import shipped_models  # noqa: PLC0415
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        models = shipped_models(self.robot)
        for entry in self.models:
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

    def _latency(self) -> int:
        from lstm_dynamics_bench.latency.steps import (  # noqa: PLC0415
            benchmark_latency,
        )
        from lstm_dynamics_bench.latency.ticks import control_tick, whole_tick  # noqa: PLC0415
        from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

        loaded = load_model(self.model or asset('models/arm_forward.onnx'))
        with progress('latency') as update:
            result = benchmark_latency(
                loaded,
                steps=self.steps,
                seed=self.seed or 0,
                others={
                    'tick': whole_tick(loaded, horizon_steps=0),
                    'tick_horizon_50': whole_tick(loaded, horizon_steps=50),
                    'tick_control': control_tick(asset('models/arm_residual.onnx'), 'arm'),
                },
                progress=update,
            )
        say(result.text())
        write_json(self.json, result.to_json())
        return 0

    def _training(self) -> int:
        from lstm_dynamics_bench.training import benchmark_training, training_table  # noqa: PLC0415

        with progress('training') as update:
            result = benchmark_training(rounds=self.rounds, progress=update)
        say(training_table(result))
        write_json(self.json, result)
        return 0
