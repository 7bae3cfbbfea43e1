# SPDX-License-Identifier: Apache-2.0
"""The benchmark on published recordings: reproduce baselines, convert, train, score."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
import time
from typing import Any, NamedTuple, TypeVar

from lstm_dynamics_bench.published.cache import default_cache
from lstm_dynamics_bench.published.options import RealOptions
from lstm_dynamics_bench.published.page import write_real_page
from lstm_dynamics_bench.published.reference_file import frozen_of, Reproduced
from lstm_dynamics_bench.published.result import RealResult, SetResult
from lstm_dynamics_bench.published.robot_set import BaselineFigures, SetScore
from lstm_dynamics_bench.published.scoring import scored, ScoreJob
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.source import converted, find_source, Source
from lstm_dynamics_bench.published.table import real_table
from lstm_dynamics_bench.published.training import (
    jobs_of,
    settings_of,
    train_all,
    TrainingJob,
    watched,
)
from lstm_dynamics_ros.core.errors import (
    ConfigError,
    DataError,
    LstmDynamicsError,
    UnknownNameError,
)
from lstm_dynamics_ros.workflows.engines import check_engine, Workers, workers_of
from lstm_dynamics_ros.workflows.evaluate import worst_case
from lstm_dynamics_ros.workflows.listener import Listener

__all__ = ['measure', 'real_table', 'write_real_page']

T = TypeVar('T')


class WorkerResult(NamedTuple):
    """What a worker made of one set, or why it could not."""

    value: Any
    error: str = ''


def measure(options: RealOptions, listener: Listener) -> RealResult:
    """Reproduce the baselines, then convert, train and score what is not kept yet.

    Args:
        options: What is run.
        listener: Is shown the progress.

    Raises:
        UnknownNameError: If there is no set of a name.
        ConfigError: If seeds or settings are wrong.
        DataError: If a set is missing, or a figure of its baselines is not reproduced.
    """
    check_engine(options)
    names = _names(options.sets) or tuple(SETS)
    if not options.seeds or min(options.seeds) < 0:
        raise ConfigError(f'--seeds must hold numbers from 0, got {list(options.seeds)}.')
    if options.budget < 0:
        raise ConfigError(f'--budget must be at least 0 minutes, got {options.budget:g}.')
    for name in names:
        settings_of(name, 0, options.settings, options.budget)
    cache = (options.cache or default_cache()).expanduser().resolve()
    data = options.data.expanduser().resolve()
    sources = [find_source(data, name, cache) for name in names]
    with workers_of(options, cache) as workers:
        return _BenchmarkRun(options, workers, cache, listener).run(sources)


def _names(asked: Sequence[str]) -> tuple[str, ...]:
    """Return the sets that are asked for, by their own names or that of the folder they share."""
    names: list[str] = []
    for one in asked:
        found = [name for name in SETS if one in (name, SETS[name].folder)]
        if not found:
            raise UnknownNameError('data set', one, SETS)
        names += found
    return tuple(dict.fromkeys(names))


class _BenchmarkRun:
    """One run of the benchmark.

    Args:
        options: What is run.
        workers: Who works.
        cache: Folder for all that is kept.
        listener: Is shown the progress.
    """

    def __init__(
        self, options: RealOptions, workers: Workers, cache: Path, listener: Listener
    ) -> None:
        self._options, self._workers = options, workers
        self._cache, self._listener = cache, listener
        self._failed: dict[str, str] = {}

    def run(self, sources: Sequence[Source]) -> RealResult:
        """Do all the work."""
        began = time.perf_counter()
        found = self._each(_reproduce, [(s, self._cache) for s in sources], 'reproduce')
        baselines = {s.name: made for s, made in zip(sources, found, strict=True)}
        for made in baselines.values():
            if made.error:
                raise DataError(made.error)
        jobs = self._jobs(sources)
        every = [job for group in jobs.values() for job in group]
        with self._listener.progress('train') as update:
            lost = train_all(self._workers, every, retrain=self._options.retrain, update=update)
        for job, text in lost.items():
            self._failed.setdefault(job.source.name, text)
        scores = self._scores(jobs, baselines)
        sets = {
            source.name: self._set_result(source, jobs, baselines[source.name].value, scores)
            for source in sources
            if source.name not in self._failed
        }
        return RealResult(
            sets=sets,
            failed=self._failed,
            seeds=self._options.seeds,
            seconds=time.perf_counter() - began,
        )

    def _jobs(self, sources: Sequence[Source]) -> dict[tuple[str, int], list[TrainingJob]]:
        """Convert the sets; return what is to be trained by set and seed."""
        jobs: dict[tuple[str, int], list[TrainingJob]] = {}
        found = self._each(converted, sources, 'convert')
        for source, made in zip(sources, found, strict=True):
            if made.error:
                self._failed[source.name] = made.error
                continue
            for seed in self._options.seeds:
                asked = self._options
                settings = settings_of(source.name, seed, asked.settings, asked.budget)
                spec = SETS[source.name]()
                jobs[source.name, seed] = jobs_of(source, spec, settings, self._cache)
        return jobs

    def _scores(
        self,
        jobs: Mapping[tuple[str, int], Sequence[TrainingJob]],
        baselines: Mapping[str, WorkerResult],
    ) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the scores by set and seed, and add to those that failed."""
        ready = {key: group for key, group in jobs.items() if key[0] not in self._failed}
        work = [
            ScoreJob(
                source=group[0].source,
                seed=seed,
                folds=tuple(job.fold for job in group),
                models=tuple(job.model for job in group),
                baselines=BaselineFigures(
                    group[0].source.folder.parent, frozen_of(baselines[name].value)
                ),
                cache=self._cache,
                retrain=self._options.retrain,
            )
            for (name, seed), group in ready.items()
        ]
        found = {}
        score = partial(scored, attack_of=worst_case)
        for key, made in zip(ready, self._each(score, work, 'score'), strict=True):
            if made.error:
                self._failed.setdefault(key[0], f'seed {key[1]}: {made.error}')
            else:
                found[key] = made.value
        return found

    def _set_result(
        self,
        source: Source,
        jobs: Mapping[tuple[str, int], Sequence[TrainingJob]],
        baselines: Mapping[str, Reproduced],
        scores: Mapping[tuple[str, int], dict[str, Any]],
    ) -> SetResult:
        """Return the figures, times and settings of one set."""
        name, seeds = source.name, self._options.seeds
        return SetResult(
            name=name,
            sha256=source.sha256,
            reproduced=baselines,
            scores={seed: SetScore.from_json(scores[name, seed]) for seed in seeds},
            training_seconds={
                seed: sum(job.done()['seconds'] for job in jobs[name, seed]) for seed in seeds
            },
            scoring_seconds={seed: scores[name, seed]['seconds'] for seed in seeds},
            settings=asdict(jobs[name, seeds[0]][0].settings),
        )

    def _each(
        self, work: Callable[[T], object], items: Sequence[T], title: str
    ) -> list[WorkerResult]:
        """Return what the workers make of each item, with progress."""
        done = partial(_result, work)
        futures = [self._workers.submit(done, item, _lost) for item in items]
        with self._listener.progress(title) as update:
            watched(
                futures,
                lambda: update(sum(future.done() for future in futures), len(futures), ''),
            )
        return [future.result() for future in futures]


def _result(work: Callable[[T], object], item: T) -> WorkerResult:
    """Do some work in a worker; an error of ours is part of what is returned."""
    try:
        return WorkerResult(work(item))
    except LstmDynamicsError as error:
        return WorkerResult(None, str(error))


def _lost(item: object, why: str) -> WorkerResult:  # noqa: ARG001
    """Return what stands for work whose worker died twice."""
    return WorkerResult(None, why)


def _reproduce(work: tuple[Source, Path]) -> dict[str, Reproduced]:
    """Reproduce the baselines' figures of one set, unless that was done before."""
    source, cache = work
    return SETS[source.name]().reproduced(source.folder, source.sha256, cache)
