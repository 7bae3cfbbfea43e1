# SPDX-License-Identifier: Apache-2.0
"""The benchmark as rows, for the terminal and for the page."""

from collections.abc import Sequence
import math
from typing import NamedTuple

from lstm_dynamics_bench.published.extra_tables import SURE_HEAD, sure_rows
from lstm_dynamics_bench.published.literature import best_published, linear_figure
from lstm_dynamics_bench.published.result import RealResult, SetResult
from lstm_dynamics_bench.published.robot_set import Figure
from lstm_dynamics_bench.published.scoring import frozen_of
from lstm_dynamics_bench.published.sets import SETS

HEAD = ('set', 'figure', 'ours', 'spread', 'linear', 'best published', 'counts', 'goal')
"""Columns of the table."""


class Row(NamedTuple):
    """One figure as text."""

    cells: tuple[str, ...]
    """As in :data:`HEAD`."""
    reached: bool | None
    """Whether ours counts; None where there is no bar."""


def rows_of(result: RealResult) -> list[Row]:
    """Return one row per figure."""
    return [
        _row(item, figure) for name, item in result.sets.items() for figure in SETS[name].figures
    ]


def real_table(result: RealResult) -> str:
    """Return the table for a terminal, and what must be said of it."""
    rows = rows_of(result)
    lines = []
    if rows:
        lines += aligned([HEAD, *(row.cells for row in rows)])
    sure = sure_rows(list(result.sets.values()))
    if sure:
        lines += ['', *aligned([SURE_HEAD, *sure])]
    lines += ['', *notes_of(result)]
    return '\n'.join(lines)


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, its columns one below the other."""
    widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
    return [
        '  '.join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in table
    ]


def notes_of(result: RealResult) -> list[str]:
    """Return what a reader must know."""
    notes = [
        f'{name}: {lost["runs"]} of {lost["of"]} free runs diverged ({column}); no figure.'
        for name, item in result.sets.items()
        for column, lost in item.diverged.items()
        if lost['runs']
    ]
    notes += [f'{name} has no figures: {why}' for name, why in result.failed.items()]
    notes += [
        f'{name}: trained in {sum(item.training_seconds.values()) / 60:.1f} min of one core, '
        f'scored in {sum(item.scoring_seconds.values()):.0f} s.'
        for name, item in result.sets.items()
    ]
    frozen = sum(len(item.reproduced) for item in result.sets.values())
    if frozen:
        notes.append(f'{frozen} frozen figures of the opponents were reproduced within 2 %.')
    seeds = ', '.join(str(seed) for seed in result.seeds)
    notes.append(f'Seeds {seeds}; this run took {result.seconds / 60:.1f} min.')
    return notes


def text_of(value: float) -> str:
    """Return a figure in four digits, or that it diverged."""
    return f'{value:.4g}' if math.isfinite(value) else 'diverged'


def _row(item: SetResult, figure: Figure) -> Row:
    mean = item.mean(figure.key)
    low, high = item.spread(figure.key)
    linear = linear_figure(item.name, figure.key, frozen_of(item.reproduced))
    others = best_published(item.name, figure.key)
    title = f'{figure.title} [{figure.unit}]' if figure.unit else figure.title
    return Row(
        (
            item.name,
            title,
            text_of(mean),
            f'{text_of(low)} .. {text_of(high)}' if len(item.scores) > 1 else '',
            f'{linear[1]:.4g} {linear[0]}' if linear else '',
            f'{others.value:.4g} {others.by}' if others else '',
            f'<= {figure.bar:g}' if figure.bar is not None else '',
            f'{figure.goal:g}' if figure.goal is not None else '',
        ),
        None if figure.bar is None else mean <= figure.bar,
    )
