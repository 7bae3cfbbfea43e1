# SPDX-License-Identifier: Apache-2.0
"""The search for the best linear model."""

from collections.abc import Sequence
from dataclasses import replace

from lstm_dynamics_ros.core.engine import Engine
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.selection.candidates import (
    CLEARLY,
    linear_base,
    linear_variants,
)
from lstm_dynamics_ros.learning.selection.linear import LinearScore
from lstm_dynamics_ros.learning.selection.scoreboard import LINEAR, Scoreboard
from lstm_dynamics_ros.learning.selection.trials import Data, LinearTrial, lost, run_linear


def best_linear(
    base: DynamicsSettings,
    segments: Sequence[Segment],
    data: Data,
    engine: Engine,
    board: Scoreboard,
    progress: Progress,
) -> tuple[str, LinearScore]:
    """Return the best linear model and its title: of the first variants, with what improves it.

    Args:
        base: What was asked for; settings that differ from their default are left as they are.
        segments: All data.
        data: Where they are, and how they are split.
        engine: Who does the work.
        board: Gets a row for everything that is tried.
        progress: Called with (done, total, what).

    Raises:
        DataError: If no linear model can be fitted.
    """
    start = linear_base(base, data)
    first, groups = linear_variants(base, segments, with_prior=data.prior is not None)
    total, done = len(first) + sum(len(group) for group in groups), 0

    def tried(work: Sequence[tuple[str, DynamicsSettings]]) -> list[tuple[str, LinearScore]]:
        nonlocal done
        trials = [LinearTrial(data=data, title=title, settings=s) for title, s in work]
        found = []
        for result in engine(run_linear, trials, lost):
            done += 1
            progress(done, total, f'linear: {result.title}')
            folds = () if result.linear is None else result.linear.folds
            board.enter(f'{LINEAR}{result.title}', folds, result)
            if result.linear is not None:
                found.append((result.title, result.linear))
        return found

    found = tried([(v.title, replace(start, **v.change)) for v in first])
    if not found:
        raise DataError(
            f'No linear model can be fitted to these recordings: {board.rows[0].failed}'
        )
    title, best = min(found, key=lambda item: item[1].score)
    for group in groups:
        changed = [(v.title, replace(best.settings, **v.change)) for v in group]
        work = [(f'{title}, {name}', one) for name, one in changed if one != best.settings]
        for name, item in tried(work):
            if item.score < CLEARLY * best.score:
                title, best = name, item
    return f'{LINEAR}{title}', best
