# SPDX-License-Identifier: Apache-2.0
"""The benchmark as one HTML file."""

from pathlib import Path
from typing import Any

from lstm_dynamics_bench.published.figures import joint_bars, trace_figure
from lstm_dynamics_bench.published.result import RealResult, SetResult, versions
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.table import (
    HEAD,
    KNOWN_ERRORS_HEAD,
    known_errors_rows,
    notes_of,
    robustness_tables,
    rows_of,
    text_of,
)
from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.evaluation.reports.html import Entry, render, Table
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult

TITLE = 'Recordings of real robots'


def write_real_page(path: Path, result: RealResult) -> None:
    """Write the page as a whole or not at all."""
    page = render(
        'real.html',
        package='lstm_dynamics_bench',
        title=TITLE,
        links=[(name, name) for name in result.sets] + [('facts', 'Facts')],
        head=HEAD,
        summary=_summary(result),
        notes=notes_of(result),
        known_errors_head=KNOWN_ERRORS_HEAD,
        known_errors=known_errors_rows(list(result.sets.values())),
        sets=[_set(item) for item in result.sets.values()],
        facts=_facts(result),
    )
    write_text(path, page)


def _summary(result: RealResult) -> list[list[Entry]]:
    """Return the table of all figures; ours is marked where there is a bar."""
    rows: list[list[Entry]] = []
    for row in rows_of(result):
        cells: list[Entry] = list(row.cells)
        if row.reached is not None:
            cells[HEAD.index('ours')] = (row.cells[2], 'good' if row.reached else 'bad')
        rows.append(cells)
    return rows


def _set(item: SetResult) -> dict[str, Any]:
    """Return what the page shows of one set, of its first seed."""
    spec = SETS[item.name]
    score = next(iter(item.scores.values()))
    robust = score.extras.get('robustness') or {}
    return {
        'name': item.name,
        'title': spec.title,
        'tables': [
            {
                'protocol': table.protocol,
                'joints': _joints(table),
                'bars': joint_bars(table),
                'notes': table.notes,
            }
            for table in score.tables
        ],
        'traces': [(trace.title, trace_figure(trace)) for trace in score.traces],
        'robustness': robustness_tables(robust) if 'curves' in robust else [],
        'robustness_notes': robust.get('notes', []),
        'published': [
            [figure.title, one.by, f'{one.value:g}', one.source]
            for figure in spec.figures
            for one in figure.published
        ],
    }


def _joints(table: ProtocolResult) -> list[Table]:
    """Return one table per column: every predictor, mean and joints."""
    return [
        Table(
            title=column,
            head=[column, 'mean', *table.joint_names],
            rows=[
                [name, text_of(table.mean(name, column)), *(text_of(v) for v in row[column])]
                for name, row in table.figures.items()
                if column in row
            ],
        )
        for column in dict.fromkeys(c for row in table.figures.values() for c in row)
    ]


def _facts(result: RealResult) -> list[tuple[str, str]]:
    rows = [(f'sha256 of {name}', item.sha256) for name, item in result.sets.items()]
    rows += [
        (key, f'{item.frozen} written down, {item.ours} here')
        for one in result.sets.values()
        for key, item in one.reproduced.items()
    ]
    rows += [
        (
            f'training of {name}',
            ', '.join(f'{key} {value}' for key, value in item.settings.items()),
        )
        for name, item in result.sets.items()
    ]
    return [*rows, *versions().items()]
