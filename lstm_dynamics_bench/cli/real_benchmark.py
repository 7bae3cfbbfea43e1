# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark real`: published recordings of real robots, with their protocols."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_bench.published.options import RealOptions
from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.core.lazy import load
import tyro


@dataclass(kw_only=True)
class RealBenchmark(RealOptions):
    """Train on published recordings of real robots, and score as their authors do.

    First the baselines' figures of DIR/reference.py are reproduced; if one is off by more than
    2 %, nothing is compared. Then every set is converted to bags, its models are trained on its
    training split (config/training/real) and scored on its test split. What was made is kept, so a
    run that was interrupted goes on, and a second run only scores.
    """

    sets: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name='set', metavar='NAME')
    ] = ()
    """Run only this set; may be given several times."""
    json: Path | None = None
    """Write all figures as JSON to this file."""
    report: Path | None = None
    """Write a page with tables and pictures to this file."""

    def run(self) -> int:
        """Reproduce, convert, train, score, and print the table."""
        benchmark = load('lstm_dynamics_bench.published.benchmark', 'bench')
        result = benchmark.measure(self, TERMINAL)
        say(benchmark.real_table(result))
        write_json(self.json, result.to_json())
        if self.report is not None:
            benchmark.write_real_page(self.report, result)
        return 1 if result.failed else 0
