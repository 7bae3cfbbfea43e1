# SPDX-License-Identifier: Apache-2.0
"""The figures of the benchmark as rows of text, for the terminal and for the page."""

from collections.abc import Mapping, Sequence
import math
from typing import Any, NamedTuple

from lstm_dynamics_bench.published.result import RealResult, SetResult
from lstm_dynamics_bench.published.robot_set import Figure
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.reports.html import Table

HEAD = ('set', 'figure', 'ours', 'spread', 'linear', 'best published', 'counts', 'goal')
"""Columns of the table."""

KNOWN_ERRORS_HEAD = (
    'set',
    'steps',
    'static coverage',
    'width',
    'adaptive',
    'width',
    'target',
    'novelty top/bottom',
)
"""Columns of :func:`known_errors_rows`; widths are full ones, in RMSE of the test."""


class FigureRow(NamedTuple):
    """One figure as text."""

    cells: tuple[str, ...]
    """As in :data:`HEAD`."""
    reached: bool | None
    """Whether ours counts; None where there is no bar."""


def rows_of(result: RealResult) -> list[FigureRow]:
    """Return one row per figure."""
    return [
        _row(item, figure) for name, item in result.sets.items() for figure in SETS[name].figures
    ]


def real_table(result: RealResult) -> str:
    """Return the table for a terminal, and what a reader must know."""
    rows = [row.cells for row in rows_of(result)]
    known_errors = known_errors_rows(list(result.sets.values()))
    blocks = [
        text_table(head, cells, left=len(head))
        for head, cells in ((HEAD, rows), (KNOWN_ERRORS_HEAD, known_errors))
        if cells
    ]
    return '\n\n'.join([*blocks, '\n'.join(notes_of(result))])


def notes_of(result: RealResult) -> list[str]:
    """Return notes on divergence, failures, times and seeds."""
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
        notes.append(f'{frozen} frozen figures of the baselines were reproduced within 2 %.')
    seeds = ', '.join(str(seed) for seed in result.seeds)
    notes.append(f'Seeds {seeds}; this run took {result.seconds / 60:.1f} min.')
    return notes


def text_of(value: float) -> str:
    """Return a figure in four digits, or that it diverged."""
    return f'{value:.4g}' if math.isfinite(value) else 'diverged'


def _row(item: SetResult, figure: Figure) -> FigureRow:
    mean = item.mean(figure.key)
    low, high = item.spread(figure.key)
    linear = figure.linear_value(item.frozen)
    others = figure.published[0] if figure.published else None
    title = f'{figure.title} [{figure.unit}]' if figure.unit else figure.title
    return FigureRow(
        (
            item.name,
            title,
            text_of(mean),
            f'{text_of(low)} .. {text_of(high)}' if len(item.scores) > 1 else '',
            f'{linear:.4g} {figure.linear.by}' if linear is not None and figure.linear else '',
            f'{others.value:.4g} {others.by}' if others else '',
            f'<= {figure.bar:g}' if figure.bar is not None else '',
            f'{figure.goal:g}' if figure.goal is not None else '',
        ),
        None if figure.bar is None else mean <= figure.bar,
    )


def known_errors_rows(items: Sequence[SetResult]) -> list[tuple[str, ...]]:
    """Return coverage and novelty of every set that has them, of its first seed."""
    rows = []
    for item in items:
        extras = next(iter(item.scores.values())).extras
        coverage, ood = extras.get('coverage') or {}, extras.get('ood') or {}
        if 'static' not in coverage:
            continue
        rows.append(
            (
                item.name,
                str(coverage['folds'][0]['horizon'] or 'now'),
                *(
                    f'{coverage[key]:.3f}'
                    if key in ('static', 'adaptive')
                    else f'{coverage[key]:.2f}'
                    for key in (
                        'static',
                        'width_in_rmse',
                        'adaptive',
                        'adaptive_width_in_rmse',
                        'target',
                    )
                ),
                f'{ood["ratio"]:.2f}' if 'ratio' in ood else '',
            )
        )
    return rows


def robustness_tables(found: Mapping[str, Any]) -> list[Table]:
    """Return a table of every disturbance: errors over the undisturbed one.

    Args:
        found: The JSON of a
            :class:`~lstm_dynamics_ros.evaluation.robustness.result.Robustness`.
    """
    channels = list(found['channels'])
    tables = []
    for curve in found['curves'].values():
        rows = []
        for level in curve['levels']:
            ratios = [level['figures'].get(channel, {}).get('ratio') for channel in channels]
            rows.append(
                [
                    f'{level["size"]:g}',
                    *('-' if ratio is None else f'{ratio:.3g}' for ratio in ratios),
                    f'{100 * level["answered"]:.1f} %',
                ]
            )
        tables.append(Table(curve['title'], [curve['unit'], *channels, 'answered'], rows))
    return tables
