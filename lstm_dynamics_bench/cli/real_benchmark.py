# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark real`: published recordings of real robots, with their protocols."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from lstm_dynamics_ros.cli.console import say, TERMINAL, write_json
from lstm_dynamics_ros.core.lazy import load
import tyro


@dataclass
class RealBenchmark:
    """Train on published recordings of real robots, and score as their authors do.

    First the baselines' figures of DIR/reference.py are reproduced; if one is off by more than
    2 %, nothing is compared. Then every set is converted to bags, its models are trained on its
    training split (config/training/real) and scored on its test split. What was made is kept, so a
    run that was interrupted goes on, and a second run only scores.
    """

    data: Path = Path('../shared/data')
    """Folder of the sets, with reference.py. Its code is run."""
    sets: Annotated[
        tyro.conf.UseAppendAction[tuple[str, ...]], tyro.conf.arg(name='set', metavar='NAME')
    ] = ()
    """Run only this set; may be given several times."""
    seeds: tuple[int, ...] = (0,)
    """Seeds to train with. Several give a mean and its spread."""
    settings: Path | None = None
    """Folder with the training settings <set>.yaml; config/training/real by default."""
    cache: Path | None = None
    """Where bags, models and scores are kept; ~/.cache/lstm_dynamics_ros/real by default."""
    retrain: bool = False
    """Train and score anew what is kept already."""
    workers: int = 0
    """Processes; 0 is one per processor."""
    json: Path | None = None
    """Write all figures as JSON to this file."""
    report: Path | None = None
    """Write a page with tables and pictures to this file."""

    def run(self) -> int:
        """Reproduce, convert, train, score, and print the table."""
        benchmark = load('lstm_dynamics_bench.published.benchmark', 'bench')
        options = benchmark.RealOptions(
            data=self.data,
            sets=self.sets,
            seeds=self.seeds,
            settings=self.settings,
            cache=self.cache,
            retrain=self.retrain,
            workers=self.workers,
        )
        result = benchmark.measure(options, TERMINAL)
        say(benchmark.real_table(result))
        write_json(self.json, result.to_json())
        if self.report is not None:
            benchmark.write_real_page(self.report, result)
        return 1 if result.failed else 0
