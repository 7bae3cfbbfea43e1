# SPDX-License-Identifier: Apache-2.0
"""The benchmark as one HTML file."""

from pathlib import Path

from lstm_dynamics_bench.published.extra_tables import (
    robustness_tables,
    SURE_HEAD,
    sure_rows,
)
from lstm_dynamics_bench.published.figures import joint_bars, trace_figure
from lstm_dynamics_bench.published.literature import PUBLISHED
from lstm_dynamics_bench.published.result import RealResult, SetResult, versions
from lstm_dynamics_bench.published.sets import SETS
from lstm_dynamics_bench.published.table import HEAD, notes_of, rows_of, text_of
from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult


def write_real_page(path: Path, result: RealResult) -> None:
    """Write the page as a whole or not at all."""
    write_text(path, real_page(result))


def real_page(result: RealResult) -> str:
    """Return the page."""
    body = [
        html.heading(1, 'Recordings of real robots'),
        html.paragraph(
            'Trained on the training split of each set, scored on its test split as the set is '
            'scored by others. Smaller is better everywhere.',
            soft=True,
        ),
        html.navigation([(name, name) for name in result.sets] + [('facts', 'Facts')]),
        html.card(_summary(result), html.items(notes_of(result))),
    ]
    sure = sure_rows(list(result.sets.values()))
    if sure:
        body.append(
            html.card(
                html.heading(3, 'How sure the models are'),
                html.paragraph(
                    'Share of test moments within the 90 % bounds, their width in RMSE (normal '
                    'errors: 3.29), and the error where the models find what they see most '
                    'unusual over the error where they find it most usual.',
                    soft=True,
                ),
                html.table(SURE_HEAD, sure),
            )
        )
    for item in result.sets.values():
        body += _set(item)
    body.append(html.heading(2, 'Where this comes from', 'facts'))
    body.append(html.card(html.facts(_facts(result))))
    return html.page('Recordings of real robots', body)


def _summary(result: RealResult) -> str:
    """Return the table of all figures; ours is marked where there is a bar."""
    rows: list[list[html.Entry]] = []
    for row in rows_of(result):
        cells: list[html.Entry] = list(row.cells)
        if row.reached is not None:
            cells[HEAD.index('ours')] = (row.cells[2], 'good' if row.reached else 'bad')
        rows.append(cells)
    return html.table(HEAD, rows)


def _set(item: SetResult) -> list[str]:
    """Return tables and pictures of one set."""
    spec = SETS[item.name]
    body = [html.heading(2, f'{item.name}: {spec.title}', item.name)]
    score = next(iter(item.scores.values()))
    body += [
        html.card(
            html.heading(3, table.protocol),
            _joints(table),
            html.image(joint_bars(table), f'{item.name}, figures by joint'),
            *(html.paragraph(note, soft=True) for note in table.notes),
        )
        for table in score.tables
    ]
    body += [
        html.card(html.image(trace_figure(trace), f'{item.name}, {trace.title}'))
        for trace in score.traces
    ]
    robust = score.extras.get('robustness') or {}
    if 'curves' in robust:
        body.append(
            html.card(
                html.heading(3, 'Robustness'),
                html.paragraph('RMSE over that of undisturbed inputs.', soft=True),
                *(
                    html.heading(4, title) + html.table(head, rows)
                    for title, head, rows in robustness_tables(robust)
                ),
                html.items(robust['notes']),
            )
        )
    others = [
        [figure.title, one.by, f'{one.value:g}', one.source]
        for figure in spec.figures
        for one in PUBLISHED.get((item.name, figure.key), ())
    ]
    if others:
        body.append(html.card(html.table(['figure', 'published by', '', 'in'], others)))
    return body


def _joints(table: ProtocolResult) -> str:
    """Return one table per column: every predictor, mean and joints."""
    parts = []
    for column in dict.fromkeys(c for row in table.figures.values() for c in row):
        rows = [
            [name, text_of(table.mean(name, column)), *(text_of(v) for v in row[column])]
            for name, row in table.figures.items()
            if column in row
        ]
        parts.append(html.table([column, 'mean', *table.joint_names], rows))
    return ''.join(parts)


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
