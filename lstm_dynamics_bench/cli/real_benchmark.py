# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark real`: published recordings of real robots, with their protocols."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import asdict, dataclass
import os
from pathlib import Path
import time
from typing import Annotated, Any, NamedTuple, TYPE_CHECKING, TypeVar

from lstm_dynamics_bench.published.training import (
    jobs_of,
    settings_of,
    train_all,
    TrainingJob,
    watched,
)
from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.core.errors import (
    ConfigError,
    DataError,
    LstmDynamicsError,
    UnknownNameError,
)
from lstm_dynamics_ros.workflows.pool import one_thread_each, pool
import tyro

if TYPE_CHECKING:
    from lstm_dynamics_bench.published.reference_file import Reproduced
    from lstm_dynamics_bench.published.result import RealResult, SetResult
    from lstm_dynamics_bench.published.source import Source

T = TypeVar('T')


class Outcome(NamedTuple):
    """What a worker made of one set, or why it could not."""

    value: Any
    error: str = ''


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
        from lstm_dynamics_bench.published.cache import default_cache  # noqa: PLC0415
        from lstm_dynamics_bench.published.page import write_real_page  # noqa: PLC0415
        from lstm_dynamics_bench.published.sets import SETS  # noqa: PLC0415
        from lstm_dynamics_bench.published.source import find_source  # noqa: PLC0415
        from lstm_dynamics_bench.published.table import real_table  # noqa: PLC0415

        names = tuple(dict.fromkeys(self.sets)) or tuple(SETS)
        for name in names:
            if name not in SETS:
                raise UnknownNameError('data set', name, SETS)
        if not self.seeds or min(self.seeds) < 0:
            raise ConfigError(f'--seeds must hold numbers from 0, got {list(self.seeds)}.')
        for name in names:
            settings_of(name, 0, self.settings)
        cache = (self.cache or default_cache()).expanduser().resolve()
        data = self.data.expanduser().resolve()
        sources = [find_source(data, name, cache) for name in names]
        with one_thread_each(), pool(self.workers or os.cpu_count() or 1) as processes:
            result = self._measure(processes, sources, cache)
        say(real_table(result))
        write_json(self.json, result.to_json())
        if self.report is not None:
            write_real_page(self.report, result)
        return 1 if result.failed else 0

    def _measure(
        self, processes: Executor, sources: 'Sequence[Source]', cache: Path
    ) -> 'RealResult':
        """Do all the work."""
        from lstm_dynamics_bench.published.result import RealResult  # noqa: PLC0415
        from lstm_dynamics_bench.published.sets import SETS  # noqa: PLC0415

        began = time.perf_counter()
        reproduced = {
            source.name: found
            for source, found in zip(
                sources,
                _each(processes, _reproduce, [(s, cache) for s in sources], 'reproduce'),
                strict=True,
            )
        }
        for outcome in reproduced.values():
            if outcome.error:
                raise DataError(outcome.error)
        failed: dict[str, str] = {}
        converted = _each(processes, _convert, sources, 'convert')
        jobs: dict[tuple[str, int], list[TrainingJob]] = {}
        for source, outcome in zip(sources, converted, strict=True):
            if outcome.error:
                failed[source.name] = outcome.error
                continue
            for seed in self.seeds:
                settings = settings_of(source.name, seed, self.settings)
                jobs[source.name, seed] = jobs_of(source, SETS[source.name](), settings, cache)
        with progress('train') as update:
            lost = train_all(
                processes,
                [job for group in jobs.values() for job in group],
                retrain=self.retrain,
                update=update,
            )
        for job, text in lost.items():
            failed.setdefault(job.source.name, text)
        scored = self._scored(processes, jobs, reproduced, cache, failed)
        sets = {
            source.name: self._set_result(source, jobs, reproduced[source.name].value, scored)
            for source in sources
            if source.name not in failed
        }
        return RealResult(
            sets=sets, failed=failed, seeds=self.seeds, seconds=time.perf_counter() - began
        )

    def _scored(
        self,
        processes: Executor,
        jobs: Mapping[tuple[str, int], Sequence[TrainingJob]],
        reproduced: Mapping[str, Outcome],
        cache: Path,
        failed: dict[str, str],
    ) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the scores by set and seed, and add to those that failed."""
        from lstm_dynamics_bench.published.robot_set import BaselineFigures  # noqa: PLC0415
        from lstm_dynamics_bench.published.scoring import frozen_of, ScoreJob  # noqa: PLC0415

        ready = {key: group for key, group in jobs.items() if key[0] not in failed}
        work = [
            ScoreJob(
                source=group[0].source,
                seed=seed,
                folds=tuple(job.fold for job in group),
                models=tuple(job.model for job in group),
                baselines=BaselineFigures(
                    group[0].source.folder.parent, frozen_of(reproduced[name].value)
                ),
                cache=cache,
                retrain=self.retrain,
            )
            for (name, seed), group in ready.items()
        ]
        found = {}
        for key, outcome in zip(ready, _each(processes, _score, work, 'score'), strict=True):
            if outcome.error:
                failed.setdefault(key[0], outcome.error)
            else:
                found[key] = outcome.value
        return found

    def _set_result(
        self,
        source: 'Source',
        jobs: Mapping[tuple[str, int], Sequence[TrainingJob]],
        reproduced: 'Mapping[str, Reproduced]',
        scored: Mapping[tuple[str, int], dict[str, Any]],
    ) -> 'SetResult':
        """Return all that was found of one set."""
        from lstm_dynamics_bench.published.result import SetResult  # noqa: PLC0415
        from lstm_dynamics_bench.published.robot_set import SetScore  # noqa: PLC0415

        name = source.name
        return SetResult(
            name=name,
            sha256=source.sha256,
            reproduced=reproduced,
            scores={seed: SetScore.from_json(scored[name, seed]) for seed in self.seeds},
            training_seconds={
                seed: sum(job.done()['seconds'] for job in jobs[name, seed]) for seed in self.seeds
            },
            scoring_seconds={seed: scored[name, seed]['seconds'] for seed in self.seeds},
            settings=asdict(jobs[name, self.seeds[0]][0].settings),
        )


def _each(
    processes: Executor, work: Callable[[T], Outcome], items: Sequence[T], title: str
) -> list[Outcome]:
    """Return what the workers make of each item, with a progress bar."""
    futures: list[Future[Outcome]] = [processes.submit(work, item) for item in items]
    with progress(title) as update:
        watched(
            futures,
            lambda: update(sum(future.done() for future in futures), len(futures), ''),
        )
    return [future.result() for future in futures]


def _reproduce(work: 'tuple[Source, Path]') -> Outcome:
    """Reproduce the baselines' figures of one set, unless that was done before."""
    from lstm_dynamics_bench.published.reference_file import reproduced  # noqa: PLC0415
    from lstm_dynamics_bench.published.sets import SETS  # noqa: PLC0415

    source, cache = work
    try:
        keys = SETS[source.name].frozen_keys
        return Outcome(reproduced(source.folder.parent, source.name, keys, source.sha256, cache))
    except LstmDynamicsError as error:
        return Outcome(None, str(error))


def _convert(source: 'Source') -> Outcome:
    """Convert one set, unless that was done before."""
    from lstm_dynamics_bench.published.source import converted  # noqa: PLC0415

    try:
        return Outcome(converted(source))
    except LstmDynamicsError as error:
        return Outcome(None, str(error))


def _score(job: Any) -> Outcome:  # noqa: ANN401 - its module is imported by workers only
    """Score one set and seed."""
    from lstm_dynamics_bench.published.scoring import scored  # noqa: PLC0415
    from lstm_dynamics_ros.workflows.robustness import worst_case  # noqa: PLC0415

    try:
        return Outcome(scored(job, worst_case))
    except LstmDynamicsError as error:
        return Outcome(None, f'seed {job.seed}: {error}')
