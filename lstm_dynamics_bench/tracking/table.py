# SPDX-License-Identifier: Apache-2.0
"""The benchmark as rows of text, for the terminal and for the page."""

from collections.abc import Mapping

from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.result import Budgeted, TrackingResult
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import SCENARIOS

STABILITY_HEAD = ('', 'runs', 'diverged', 'limit cycle', 'worse', 'median', 'worst')
"""Columns of the sweep over random robots."""


def tracking_table(result: TrackingResult) -> str:
    """Return all tables and what was chosen."""
    lines: list[str] = []
    if result.settings.quick:
        lines += ['Quick run: few scenarios, seeds and settings. Not the published figures.', '']
    for item in result.budgeted.values():
        lines += [*_budgeted(item), '']
    for name, found in result.sweeps.items():
        rows = [
            [
                METHODS[one.controller].title,
                *(str(count) for count in (one.runs, one.diverged, one.limit_cycles, one.worse)),
                f'{one.median_ratio:.2f}',
                f'{one.worst_ratio:.2f}',
            ]
            for one in found
        ]
        lines.append(f'Random robots, settings of budget {name}')
        lines += [text_table(STABILITY_HEAD, rows), '']
    lines += [f'{name} was left out: {why}.' for name, why in result.absent.items()]
    seeds = result.settings.seeds
    lines.append(
        f'Robot {result.robot}; tuned on seeds {list(result.settings.training_seeds)}, judged on '
        f'{seeds[0]} to {seeds[-1]}.'
    )
    return '\n'.join(lines)


def within(item: Budgeted) -> str:
    """Return the budget that a table was tuned for."""
    limit = 'any roughness' if item.budget is None else f'roughness at most {item.budget:g}'
    return f'tuned for the least error at {limit}'


def settings_text(settings: Mapping[str, float]) -> str:
    """Return settings as names and values."""
    return ', '.join(f'{key} {value:g}' for key, value in settings.items())


def cell(item: Budgeted, scenario: str, name: str) -> str:
    """Return error and roughness of a method in a scenario."""
    found = item.figures[scenario, name]
    return f'{found.rms_mrad:.2f} ({found.roughness:.2f})'


def _budgeted(item: Budgeted) -> list[str]:
    """Return the tables under one budget."""
    names = [name for name, chosen in item.chosen.items() if chosen is not None]
    rows = [
        [METHODS[name].title, *(cell(item, scenario, name) for scenario in item.scenarios)]
        for name in names
    ]
    lines = [
        f'RMS joint error [mrad] (roughness), {within(item)}',
        text_table(['', *item.scenarios], rows),
    ]
    for scenario in (name for name in item.scenarios if SCENARIOS[name].wall):
        forces = [
            [METHODS[name].title, f'{item.figures[scenario, name].peak_force_n:.1f}']
            for name in names
        ]
        lines.append(
            text_table([f'Peak wall force in {scenario}, mean over seeds', '[N]'], forces)
        )
    for name, chosen in item.chosen.items():
        title = METHODS[name].title
        if chosen is None:
            lines.append(f'{title}: no setting is within the budget.')
        elif chosen.settings:
            text = settings_text(chosen.settings)
            lines.append(f'{title}: {text}; {chosen.error_mrad:.2f} mrad on the training seeds.')
    summary = item.summary()
    if summary is not None:
        lines.append(
            f'Ours over the best baseline: geometric mean {summary.geomean_ratio:.2f}, '
            f'worst {summary.worst_ratio:.2f}.'
        )
    past = {
        name: {kind: count for kind, count in kinds.items() if count}
        for name, kinds in item.violations().items()
    }
    lines += [f'Past limits: {name} {kinds}' for name, kinds in past.items() if kinds]
    return lines
