# SPDX-License-Identifier: Apache-2.0
"""Writes the report of a replay: one HTML file that opens anywhere."""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_ros.core.atomic_file import write_text
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.evaluation.reports.plots import joint_figure, summary_figure, unit_of
from lstm_dynamics_ros.evaluation.reports.replay_result import ReplayResult
from lstm_dynamics_ros.evaluation.scores.protocol_result import ProtocolResult
from lstm_dynamics_ros.evaluation.scores.result import Scores
import numpy as np


def write_report(
    path: Path,
    result: ReplayResult,
    *,
    sections: Sequence[html.Section] = (),
    progress: Progress = no_progress,
) -> None:
    """Write the report of a replay, under a temporary name until it is complete.

    Args:
        path: Where to; an existing report is replaced.
        result: The replay.
        sections: What stands before all else.
        progress: Called with (done, total, what).
    """
    write_text(path, report_page(result, sections=sections, progress=progress))


def report_page(
    result: ReplayResult,
    *,
    sections: Sequence[html.Section] = (),
    progress: Progress = no_progress,
) -> str:
    """Return the report of a replay as HTML."""
    joints = []
    for joint, name in enumerate(result.card.joint_names):
        progress(joint, result.card.n_joints, f'report: {name}')
        joints.append((name, joint_figure(result, joint)))
    page = html.render(
        'replay.html',
        title=f'Replay of {result.recording}',
        result=result,
        card=result.card,
        warnings=[*result.warnings, *_own_warnings(result)],
        sections=sections,
        summary=summary_figure(result.scores) if result.scores else None,
        comparisons=[(score, _comparison(score)) for score in result.scores],
        protocol=[] if result.inverse is None else _protocol_tables(result.inverse),
        errors=_error_table(result),
        joints=joints,
        provenance={key: _short(value) for key, value in result.card.provenance.items()},
    )
    progress(result.card.n_joints, result.card.n_joints, 'report: done')
    return page


def _own_warnings(result: ReplayResult) -> list[str]:
    """Return what the figures alone show to be wrong."""
    found = []
    cold = int(np.count_nonzero(~result.warm))
    if cold > len(result.warm) // 4:
        found.append(
            f'The model was not warm at {cold} of {len(result.warm)} grid points; those are left '
            'out of the errors.'
        )
    for score in result.scores:
        if len(score.names) < 2:
            continue
        rows = [(score.ratio(k, h), k, h) for k in score.kinds for h in score.horizons]
        worse = [row for row in rows if row[0] > 1]
        if worse:
            ratio, kind, h = max(worse)
            found.append(
                f'In {len(worse)} of {len(rows)} comparisons ({score.mode.replace("_", " ")}) a '
                f'baseline does better than the model; worst: {kind} {h} steps ahead, where the '
                f'error of {score.best_baseline(kind, h)} is {ratio:.3g} times smaller.'
            )
    return found


def _comparison(score: Scores) -> html.Table:
    """Return the table of one mode; the best of each row stands out."""
    head = ['', 'steps', 'ms', *(name.replace('_', ' ') for name in score.names)]
    baselines = len(score.names) > 1
    head += ['model / best', 'worst trajectory'] if baselines else []
    head += ['sensor noise'] if score.noise_floor else []
    rows: list[list[html.Entry]] = []
    for kind in score.kinds:
        for h in score.horizons:
            entries = [score.entries[kind, h, name] for name in score.names]
            least = min(entry.nmse for entry in entries)
            row: list[html.Entry] = [kind, str(h), f'{1e3 * h * score.dt:g}']
            row += [
                (entry.shown, 'best') if entry.nmse == least else entry.shown for entry in entries
            ]
            if baselines:
                ratio = score.ratio(kind, h)
                name, worst = score.worst_trajectory(kind, h)
                if name:
                    row.append((f'{ratio:.3g}', 'good' if ratio <= 1 else 'bad'))
                    row.append((f'{worst:.3g} in {name}', 'good' if worst <= 1 else 'bad'))
                else:
                    row += ['all diverged', '']
            if score.noise_floor:
                row.append(f'{score.noise_floor[kind, h]:.2e}')
            rows.append(row)
    return html.Table(f'nMSE, {score.mode.replace("_", " ")}', head, rows)


def _protocol_tables(result: ProtocolResult) -> list[html.Table]:
    """Return a table per figure: its mean and its value for every joint, by predictor."""
    tables = []
    for column in dict.fromkeys(c for row in result.figures.values() for c in row):
        rows = [
            [name, f'{np.mean(row[column]):.4g}', *(f'{v:.3g}' for v in row[column])]
            for name, row in result.figures.items()
            if column in row
        ]
        tables.append(html.Table('', [column, 'mean', *result.joint_names], rows))
    return tables


def _error_table(result: ReplayResult) -> html.Table:
    """Return the RMSE of every joint at every horizon, as replayed."""
    kinds = [(k, sorted(result.predicted[k])) for k in result.predicted if result.predicted[k]]
    head = ['RMSE']
    for kind, horizons in kinds:
        head += [f'{kind} +{h}' if h else kind for h in horizons]
    rows: list[list[html.Entry]] = []
    for joint, name in enumerate(result.card.joint_names):
        row: list[html.Entry] = [name]
        for kind, horizons in kinds:
            small = kind != 'effort'
            unit = unit_of(kind, result.card.joint_types[joint], small=small)
            for h in horizons:
                error = result.error(kind, h)[:, joint]
                error = error[np.isfinite(error)]
                value = np.sqrt(np.mean(error**2)) * (1e3 if small else 1) if len(error) else None
                row.append('-' if value is None else f'{_three_digits(value)} {unit}')
        rows.append(row)
    return html.Table('', head, rows)


def _three_digits(value: float) -> str:
    """Return a number with three digits, never with an exponent for large ones."""
    return f'{value:.0f}' if value >= 1000 else f'{value:.3g}'


def _short(value: object) -> str:
    """Return a value of the card's provenance in one line."""
    if isinstance(value, dict):
        return ', '.join(f'{key} {item}' for key, item in value.items())[:400]
    if isinstance(value, list | tuple):
        shown = ', '.join(_short(item) for item in value[:8])
        return shown + (f' and {len(value) - 8} more' if len(value) > 8 else '')
    return str(value)[:400]
