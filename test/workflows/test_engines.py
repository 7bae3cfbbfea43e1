# SPDX-License-Identifier: Apache-2.0
"""Workers that share work, and what happens when one dies."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
import os
from pathlib import Path
import socket
import sys
import time
from typing import Any

from deadly_work import dies, killed, no_number, refused, squared
from lstm_dynamics_ros.core.engine import Engine, in_this_process
from lstm_dynamics_ros.core.errors import ConfigError, DataError, WorkerError
from lstm_dynamics_ros.data.grid_cache import write_segments
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.selection.choose import Choice, Chooser
from lstm_dynamics_ros.learning.selection.plan import Plan
from lstm_dynamics_ros.learning.selection.trials import Data
from lstm_dynamics_ros.workflows.engines import check_engine, engine_of
from lstm_dynamics_ros.workflows.options import EngineOptions
import numpy as np
import pytest

HAS_RAY = find_spec('ray') is not None
RAY = pytest.mark.skipif(not HAS_RAY, reason='Ray is not installed: make scale')

PLAN = Plan(
    budget=0.1,
    workers=1,
    folds=3,
    trial_folds=2,
    cells=('gru', 'memoryless'),
    hidden_size=8,
    head_size=0,
    burn_in_steps=20,
    window_steps=40,
    updates_per_epoch=2,
    epochs=2,
    seed=0,
)


@pytest.fixture(
    scope='module', params=['local', pytest.param('ray', marks=[pytest.mark.slow, RAY])]
)
def workers(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Two workers that find what the tests find."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('PYTHONPATH', os.pathsep.join(sys.path))
        with engine_of(EngineOptions(engine=request.param, workers=2)) as engine:
            yield engine


def test_results_come_in_the_order_of_the_items(workers: Engine) -> None:
    assert workers.count == 2
    assert list(workers(squared, range(5))) == [0, 1, 4, 9, 16]


def test_an_error_comes_as_it_was_raised(workers: Engine) -> None:
    with pytest.raises(DataError, match=r'^3 is of no use$'):
        list(workers(refused, [3]))


def test_work_of_a_dead_worker_is_done_again(workers: Engine, tmp_path: Path) -> None:
    work = partial(dies, deadly=(1,), folder=tmp_path, times=1)
    assert list(workers(work, range(4))) == [0, 1, 2, 3]
    assert (tmp_path / '1').read_text() == 'x'


def test_work_that_kills_twice_is_lost_alone(workers: Engine, tmp_path: Path) -> None:
    work = partial(dies, deadly=(1,), folder=tmp_path, times=9)
    assert list(workers(work, range(4), no_number)) == [0, -1, 2, 3]
    assert (tmp_path / '1').read_text() == 'xx'
    with pytest.raises(WorkerError, match='died twice'):
        list(workers(work, [1]))


# The choice.


def runs(make_segment: Callable[..., Segment]) -> list[Segment]:
    """Return three motions of a pendulum whose drive warms up."""
    random, dt, found = np.random.default_rng(0), 0.01, []
    for k in range(3):
        t = np.arange(500) * dt
        q, v, a = (np.zeros(len(t)) for _ in range(3))
        for rate, phase in random.uniform(0.5, 4.0, (4, 2)):
            q += 0.4 * np.sin(rate * t + phase)
            v += 0.4 * rate * np.cos(rate * t + phase)
            a -= 0.4 * rate**2 * np.sin(rate * t + phase)
        effort = 3 * np.sin(q) + a + 0.5 * v + 0.01 * random.normal(size=len(t))
        found.append(make_segment(q[:, None], v[:, None], effort[:, None], name=f'r{k}', dt=dt))
    return found


def chosen(segments: list[Segment], folder: Path, engine: Engine) -> Choice:
    """Return the choice by the plan."""
    write_segments(folder / 'grid', segments)
    data = Data(folder=folder / 'grid', folds=3, washout_steps=20, window_steps=60, seed=0)
    base = InverseSettings(dt=0.01, ripple_limit=0)
    return Chooser(base, data, engine, folder / 'trials').choose(0.1, engine.count, PLAN)


def outcome(choice: Choice) -> tuple[Any, ...]:
    """Return what a choice comes to, without times."""
    rows = [replace(row, seconds=0.0, score=0.0, far=0.0) for row in choice.rows]
    return choice.settings, choice.plan, rows


class Killing:
    """Workers, of which the first that trains dies once it has kept an epoch."""

    def __init__(self, workers: Engine, mark: Path) -> None:
        self._workers, self._mark, self.count = workers, mark, workers.count

    def __call__(self, function: Any, items: Any, lost: Any = None) -> Any:  # noqa: ANN401
        return self._workers(partial(killed, function=function, mark=self._mark), items, lost)


@pytest.mark.slow
def test_a_plan_gives_the_same_choice_whoever_works_and_dies(
    workers: Engine, make_segment: Callable[..., Segment], tmp_path: Path
) -> None:
    segments = runs(make_segment)
    alone = chosen(segments, tmp_path / 'alone', in_this_process)
    shared = chosen(segments, tmp_path / 'shared', workers)
    after = chosen(segments, tmp_path / 'after', Killing(workers, tmp_path / 'mark'))
    assert (tmp_path / 'mark').exists()
    assert outcome(shared) == outcome(alone) == outcome(after)
    for choice in (shared, after):
        scores = [row.score for row in choice.rows]
        np.testing.assert_allclose(scores, [row.score for row in alone.rows], rtol=1e-9)


# What is refused.


def test_an_address_without_ray_is_refused() -> None:
    with pytest.raises(ConfigError, match='Add --engine ray'):
        check_engine(EngineOptions(address='here:1'))


def test_fewer_than_no_workers_are_refused() -> None:
    with pytest.raises(ConfigError, match='--workers must be at least 1'):
        check_engine(EngineOptions(workers=-1))


@pytest.mark.slow
@RAY
@pytest.mark.parametrize('address', ['here', 'here:', ':1', 'ray://here'])
def test_an_address_must_be_host_and_port(address: str) -> None:
    with pytest.raises(ConfigError, match='must be host:port'):
        check_engine(EngineOptions(engine='ray', address=address))


@pytest.mark.slow
@RAY
@pytest.mark.parametrize('listens', [False, True])
def test_a_cluster_that_is_not_there_is_refused_within_15_s(listens: bool) -> None:
    with socket.socket() as other:
        other.bind(('127.0.0.1', 0))
        if listens:
            other.listen()
        began = time.perf_counter()
        with pytest.raises(ConfigError, match='There is no Ray cluster at 127'):
            check_engine(
                EngineOptions(engine='ray', address=f'127.0.0.1:{other.getsockname()[1]}')
            )
        assert time.perf_counter() - began < 15
