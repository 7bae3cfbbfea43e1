# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark`: how fast and how good, beside what a user would otherwise use."""

from dataclasses import dataclass

from lstm_dynamics_bench.cli.options import BenchmarkOptions
from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.core.lazy import load

BENCHMARKS = ('latency', 'training', 'forecast', 'tracking')
"""What is measured; each is a module beside this one that is loaded when it is chosen."""


@dataclass
class Benchmark(BenchmarkOptions):
    """Measure speed as paired ratios, forecasts beside plain predictors, and tracking.

    latency: one step of our preallocated runtime beside a plain `session.run`, and a whole
    pipeline tick. training: our teacher-forced training step beside a bare torch loop over the
    same nn.LSTM and batches; the rollout loss apart. forecast: the shipped model of an embedded
    robot beside persistence, constant velocity and a linear ARX, over motions and speeds, on
    payloads and seeds that training cannot draw. tracking: corrections on an embedded robot in
    lockstep, scenarios x controllers x seeds; every controller is tuned on seeds 0 to 4 by this
    command and scored on others. --quick does few of everything. real: published recordings of
    real robots; `lstm-dynamics benchmark real --help` lists its options.
    """

    def run(self) -> int:
        """Run one benchmark and print its table."""
        if self.what not in BENCHMARKS:
            raise UnknownNameError('benchmark', self.what, [*BENCHMARKS, 'real'])
        return int(load(f'lstm_dynamics_bench.cli.{self.what}', 'bench').run(self))
