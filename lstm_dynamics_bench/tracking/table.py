# SPDX-License-Identifier: Apache-2.0
"""The benchmark as text for a terminal."""

from collections.abc import Sequence

from lstm_dynamics_bench.tracking.methods.base import CONTESTANTS
from lstm_dynamics_bench.tracking.result import Budgeted, TrackingResult
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import SCENARIOS

NAME_WIDTH = 30
COLUMN_WIDTH = 16


def tracking_table(result: TrackingResult) -> str:
    """Return all tables and what was chosen."""
    lines: list[str] = []
    if result.settings.quick:
        lines += ['Quick run: few scenarios, seeds and settings. Not the published figures.', '']
    for item in result.budgeted.values():
        lines += [*_budgeted(item), '']
    for name, found in result.sweeps.items():
        lines.append(f'Random robots, settings of budget {name}')
        lines.append(
            f'{"":{NAME_WIDTH}}{"runs":>8}{"diverged":>10}{"limit cycle":>13}{"worse":>8}'
            f'{"median":>9}{"worst":>9}'
        )
        lines += [
            f'{CONTESTANTS[one.controller].title:{NAME_WIDTH}}{one.runs:8}{one.diverged:10}'
            f'{one.limit_cycles:13}{one.worse:8}{one.median_ratio:9.2f}{one.worst_ratio:9.2f}'
            for one in found
        ]
        lines.append('')
    lines += [f'{name} took no part: {why}.' for name, why in result.absent.items()]
    seeds = result.settings.seeds
    lines.append(
        f'Robot {result.robot}; tuned on seeds {list(result.settings.training_seeds)}, judged on '
        f'{seeds[0]} to {seeds[-1]}.'
    )
    return '\n'.join(lines)


def _budgeted(item: Budgeted) -> list[str]:
    """Return the tables under one budget."""
    within = 'any roughness' if item.budget is None else f'roughness at most {item.budget:g}'
    names = [name for name, chosen in item.chosen.items() if chosen is not None]
    lines = [f'RMS joint error [mrad] (roughness), tuned for the least error at {within}']
    lines.append(f'{"":{NAME_WIDTH}}' + ''.join(f'{s:>{COLUMN_WIDTH}}' for s in item.scenarios))
    for name in names:
        cells = [item.figures[scenario, name] for scenario in item.scenarios]
        lines.append(
            f'{CONTESTANTS[name].title:{NAME_WIDTH}}'
            + ''.join(f'{f"{c.rms_mrad:.2f} ({c.roughness:.2f})":>{COLUMN_WIDTH}}' for c in cells)
        )
    walls = [name for name in item.scenarios if SCENARIOS[name].wall]
    for scenario in walls:
        lines.append(f'Peak wall force in {scenario} [N], mean over seeds')
        lines += [
            f'{CONTESTANTS[name].title:{NAME_WIDTH}}'
            f'{item.figures[scenario, name].peak_force_n:{COLUMN_WIDTH}.1f}'
            for name in names
        ]
    lines += _choices(item)
    summary = item.summary()
    if summary is not None:
        lines.append(
            f'Ours over the best opponent: geometric mean {summary.geomean_ratio:.2f}, '
            f'worst {summary.worst_ratio:.2f}.'
        )
    past = {
        name: {kind: count for kind, count in kinds.items() if count}
        for name, kinds in item.violations().items()
    }
    lines += [f'Past limits: {name} {kinds}' for name, kinds in past.items() if kinds]
    return lines


def _choices(item: Budgeted) -> Sequence[str]:
    """Return what everybody was tuned to."""
    lines = []
    for name, chosen in item.chosen.items():
        title = CONTESTANTS[name].title
        if chosen is None:
            lines.append(f'{title}: no setting is within the budget.')
        elif chosen.settings:
            text = ', '.join(f'{key} {value:g}' for key, value in chosen.settings.items())
            lines.append(f'{title}: {text}; {chosen.error_mrad:.2f} mrad on the training seeds.')
    return lines
