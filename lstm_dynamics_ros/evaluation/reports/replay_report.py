# SPDX-License-Identifier: Apache-2.0
"""Writes the report of a replay: one HTML file that opens anywhere."""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_ros import __version__
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
    comparisons = [[_comparison(score)] for score in result.scores]
    if result.inverse is not None:
        comparisons.append(_protocol_tables(result.inverse))
    page = html.render(
        'replay.html',
        title=f'Replay of {result.recording}',
        card=result.card,
        version=__version__,
        links=_links(result, sections),
        warnings=[*result.warnings, *_own_warnings(result)],
        sections=sections,
        summary=summary_figure(result.scores) if result.scores else None,
        comparisons=comparisons,
        errors=_error_table(result),
        joints=joints,
        model_facts=_model_facts(result),
        recording_facts=_recording_facts(result),
    )
    progress(result.card.n_joints, result.card.n_joints, 'report: done')
    return page


def _links(result: ReplayResult, sections: Sequence[html.Section]) -> list[tuple[str, str]]:
    links = [(section.anchor, section.title) for section in sections]
    if result.scores or result.inverse is not None:
        links.append(('comparison', 'Comparison'))
    links.append(('errors', 'Errors'))
    links += [(f'joint-{name}', name) for name in result.card.joint_names]
    return [*links, ('facts', 'Model and recording')]


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
            values = {name: score.cells[kind, h, name].nmse for name in score.names}
            least = min(values.values())
            row: list[html.Entry] = [kind, str(h), f'{1e3 * h * score.dt:g}']
            row += [
                (f'{value:.2e}', 'best') if value == least else f'{value:.2e}'
                for value in values.values()
            ]
            if baselines:
                ratio = score.ratio(kind, h)
                name, worst = score.worst_trajectory(kind, h)
                row.append((f'{ratio:.3g}', 'good' if ratio <= 1 else 'bad'))
                row.append((f'{worst:.3g} in {name}', 'good' if worst <= 1 else 'bad'))
            if score.noise_floor:
                row.append(f'{score.noise_floor[kind, h]:.2e}')
            rows.append(row)
    knows = (
        'the effort up to one step before the target is given to every forecaster'
        if score.mode == 'known_torque'
        else 'nothing after the start is known'
    )
    title = f'nMSE, {score.mode.replace("_", " ")}'
    note = (
        f'{knows[0].upper()}{knows[1:]}. {score.starts} forecasts each, scored against '
        f'{"simulator truth" if score.scored_against == "truth" else "what was measured"}; mean '
        'squared error over variance of the target, mean over joints.'
    )
    if score.still_joints:
        note += f' Left out, because they do not move: {", ".join(score.still_joints)}.'
    return html.Table(title, head, rows, [note])


def _protocol_tables(result: ProtocolResult) -> list[html.Table]:
    """Return a table per figure, the protocol above and the notes below all of them."""
    columns = list(dict.fromkeys(c for row in result.figures.values() for c in row))
    tables: list[html.Table] = []
    for column in columns:
        rows = [
            [name, f'{np.mean(row[column]):.4g}', *(f'{v:.3g}' for v in row[column])]
            for name, row in result.figures.items()
            if column in row
        ]
        title = '' if tables else result.protocol
        notes = result.notes if len(tables) == len(columns) - 1 else ()
        tables.append(html.Table(title, [column, 'mean', *result.joint_names], rows, notes))
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
    note = (
        'As the live node predicts: after each stamp only what was known then. '
        'Columns +k are k steps ahead.'
    )
    return html.Table('', head, rows, [note])


def _model_facts(result: ReplayResult) -> list[tuple[str, str]]:
    card = result.card
    rows = [
        ('file', result.model_file),
        ('sha256', result.model_sha256),
        ('kind', f'{card.model_kind}, {card.cell.upper()} {card.num_layers} x {card.hidden_size}'),
        ('joints', ', '.join(card.joint_names)),
        ('joint types', ', '.join(dict.fromkeys(card.joint_types))),
        ('dt', f'{1e3 * card.dt:g} ms'),
        ('inputs', ', '.join(dict.fromkeys(s.kind for s in card.features))),
        ('outputs', ', '.join(dict.fromkeys(s.kind for s in card.targets))),
        ('washout', f'{card.washout_steps} steps ({card.washout_steps * card.dt:.3g} s)'),
        ('effort is', card.effort_semantics.replace('_', ' ')),
    ]
    if card.physics_prior:
        rows.append(('rigid-body prior', card.physics_prior.get('source', 'yes')))
    rows += [
        (f'trained: {key.replace("_", " ")}', _short(value))
        for key, value in card.provenance.items()
    ]
    return rows


def _recording_facts(result: ReplayResult) -> list[tuple[str, str]]:
    duration = float(result.time[-1]) if len(result.stamp_ns) else 0.0
    rows = [
        ('name', result.recording),
        ('grid points', f'{len(result.stamp_ns)} over {duration:.1f} s'),
        *result.facts.items(),
    ]
    return rows + [(name.replace('_', ' '), str(n)) for name, n in result.counters.items() if n]


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
