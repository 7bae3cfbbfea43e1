# SPDX-License-Identifier: Apache-2.0
"""The latency benchmark of two checkouts in turn, on one core: both see the same machine."""

from collections.abc import Mapping, Sequence
from itertools import product
import json
from math import comb
import os
from pathlib import Path
from statistics import median
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

from lstm_dynamics_bench.latency import tick_files
from lstm_dynamics_bench.latency.steps import BLOCK
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.data.text_table import text_table

FEWEST = 6
"""Rounds below which nothing can be said of a median with 95 % confidence."""


def benchmark_against(
    trees: tuple[Path, Path],
    options: Sequence[str] = (),
    *,
    rounds: int = 7,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Run `benchmark latency` of two checkouts, each in processes of its own, in turn.

    Args:
        trees: The checkouts.
        options: Of the command, in every round.
        rounds: How often each is run; who is first changes from round to round.
        progress: Called after each round.

    Returns:
        ``files`` that an armed tick executes in each, and ``latency`` by contender and percentile:
        ``us`` in each (medians over rounds), median ``ratio`` over rounds, its 95 % ``interval``.
    """
    if rounds < FEWEST:
        raise ConfigError(f'--against needs at least {FEWEST} --rounds, got {rounds}.')
    found: tuple[list[Any], list[Any]] = ([], [])
    free = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(free)})  # Handed down to the processes.
    try:
        short = [*options, '--steps', str(BLOCK)]
        files = [int(_run(tree, [tick_files.__file__], short).split()[-1]) for tree in trees]
        with TemporaryDirectory() as folder:
            file = Path(folder) / 'latency.json'
            words = [*options, '--json', str(file)]
            for done in range(rounds):
                for k in (0, 1) if done % 2 else (1, 0):
                    _run(trees[k], ['-m', 'lstm_dynamics_ros.cli.main'], words)
                    found[k].append(json.loads(file.read_text(encoding='utf-8'))['latency_us'])
                progress(done + 1, rounds, 'latency')
    finally:
        os.sched_setaffinity(0, free)
    figures = {}
    for name, percentile in product(found[0][0], ('p50', 'p99')):
        if name in found[1][0]:
            us = [[one[name][percentile] for one in runs] for runs in found]
            ratios = [this / other for this, other in zip(*us, strict=True)]
            figures[f'{name} {percentile}'] = {
                'us': [median(us[0]), median(us[1])],
                'ratio': median(ratios),
                'interval': list(median_interval(ratios)),
            }
    return {'trees': list(map(str, trees)), 'files': files, 'rounds': rounds, 'latency': figures}


def comparison_table(result: Mapping[str, Any]) -> str:
    """Return what :func:`benchmark_against` found, for a terminal."""
    rows = [['files', *map(str, result['files']), '', '']]
    for name, row in result['latency'].items():
        low, high = row['interval']
        times = [f'{value:.1f}' for value in row['us']]
        rows.append([name, *times, f'{row["ratio"]:.3f}', f'{low:.3f} to {high:.3f}'])
    return text_table(['[us]', 'this', 'other', 'this / other', '95 % interval'], rows)


def median_interval(values: Sequence[float]) -> tuple[float, float]:
    """Return the 95 % confidence interval of a median that order statistics give."""
    n, ordered = len(values), sorted(values)
    cut = next(k for k in range(n) if sum(comb(n, i) for i in range(k + 1)) > 0.025 * 2**n)
    return ordered[cut - 1], ordered[n - cut]


def _run(tree: Path, program: Sequence[str], options: Sequence[str]) -> str:
    """Return what `benchmark latency` of a checkout prints."""
    if not (tree / 'lstm_dynamics_ros').is_dir():  # Or this one would be run in its place.
        raise ConfigError(f'{tree} holds no lstm_dynamics_ros/: give the folder of a checkout.')
    ways = [str(tree.resolve()), os.environ.get('PYTHONPATH', '')]
    done = subprocess.run(
        [sys.executable, '-P', *program, 'benchmark', 'latency', *options],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, ways))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ['no output']
        raise ConfigError(f'`benchmark latency` of {tree} failed: {last[0]}')
    return done.stdout
