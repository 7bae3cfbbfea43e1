# SPDX-License-Identifier: Apache-2.0
"""Two checkouts are run in turn and compared pair by pair."""

import os
from pathlib import Path

from lstm_dynamics_bench.latency.against import (
    benchmark_against,
    comparison_table,
    median_interval,
)
from lstm_dynamics_ros.core.errors import ConfigError
import numpy as np
import pytest

COMMAND = """
import json, os, sys
class Pipeline:
    def tick(self): ...
Pipeline().tick()
order = {log!r}
if '--json' in sys.argv:
    with open(order, 'a') as log:
        log.write({name!r})
    turn = os.path.getsize(order)
    shared = {{'p50': {us} * turn, 'p99': 10.0 * {us}}}
    with open(sys.argv[sys.argv.index('--json') + 1], 'w') as file:
        json.dump({{'latency_us': {{'step': shared, {name!r}: shared}}}}, file)
if len(os.sched_getaffinity(0)) != 1:
    sys.exit('more than one core')
"""


def plant(folder: Path, name: str, us: float) -> Path:
    """Make a checkout whose command takes some time, longer from run to run."""
    tree = folder / name
    cli = tree / 'lstm_dynamics_ros' / 'cli'
    cli.mkdir(parents=True)
    for package in (cli, cli.parent):
        (package / '__init__.py').write_text('', encoding='utf-8')
    source = COMMAND.format(log=str(folder / 'order'), name=name, us=us)
    (cli / 'main.py').write_text(source, encoding='utf-8')
    return tree


def test_checkouts_take_turns_on_one_core_and_are_compared_in_pairs(tmp_path: Path) -> None:
    trees = plant(tmp_path, 'a', 2.0), plant(tmp_path, 'b', 4.0)
    cores = os.sched_getaffinity(0)
    result = benchmark_against(trees, rounds=6)
    assert (tmp_path / 'order').read_text(encoding='utf-8') == 'baabbaabbaab'
    assert os.sched_getaffinity(0) == cores
    assert result['files'] == [1, 1]
    assert set(result['latency']) == {'step p50', 'step p99'}  # what both measure
    assert result['latency']['step p99'] == {'us': [20, 40], 'ratio': 0.5, 'interval': [0.5, 0.5]}
    turns = [(2, 1), (3, 4), (6, 5), (7, 8), (10, 9), (11, 12)]
    ratios = [0.5 * mine / theirs for mine, theirs in turns]
    assert result['latency']['step p50']['ratio'] == pytest.approx(np.median(ratios))
    assert result['latency']['step p50']['interval'] == [min(ratios), max(ratios)]
    rows = [line.split() for line in comparison_table(result).splitlines()]
    assert rows[1] == ['files', '1', '1']
    assert rows[3] == ['step', 'p99', '20.0', '40.0', '0.500', '0.500', 'to', '0.500']


def test_the_interval_holds_the_median_in_95_of_100_samples() -> None:
    samples = np.random.default_rng(0).normal(size=(4000, 15))
    held = [low <= 0.0 <= high for low, high in map(median_interval, samples.tolist())]
    assert np.mean(held) == pytest.approx(0.965, abs=0.01)  # exact: 1 - 2 P(Bin(15, 1/2) <= 3)


def test_a_checkout_that_fails_is_told_with_its_last_words(tmp_path: Path) -> None:
    tree = plant(tmp_path, 'a', 1.0)
    (tree / 'lstm_dynamics_ros' / 'cli' / 'main.py').write_text('1 / 0', encoding='utf-8')
    with pytest.raises(ConfigError, match='ZeroDivisionError'):
        benchmark_against((tree, tree))


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='give the folder of a checkout'):
        benchmark_against((tmp_path, tmp_path))


def test_too_few_rounds_for_an_interval_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='at least 6 --rounds, got 5'):
        benchmark_against((tmp_path, tmp_path), rounds=5)
