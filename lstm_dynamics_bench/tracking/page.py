# SPDX-License-Identifier: Apache-2.0
"""The tracking benchmark as pictures and as a page."""

from collections.abc import Mapping
from pathlib import Path

from lstm_dynamics_bench.tracking.figures import (
    curve_figure,
    error_figure,
    joint_figure,
    torque_figure,
)
from lstm_dynamics_bench.tracking.methods.base import CONTESTANTS
from lstm_dynamics_bench.tracking.methods.classical import ORACLE
from lstm_dynamics_bench.tracking.result import Budgeted, TrackingResult
from lstm_dynamics_bench.tracking.suite import bench_of
from lstm_dynamics_bench.tracking.trial import Trial
from lstm_dynamics_ros.core.atomic_file import write_bytes, write_text
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import TrackingRun
from lstm_dynamics_ros.evaluation.reports import html
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

SHOWN = 5
"""Controllers that are drawn over time: the best ones."""


def pictures(
    robot: RobotDescription, result: TrackingResult, progress: Progress | None = None
) -> dict[str, bytes]:
    """Return all pictures by name: curves, and error, torque and joints of each scenario.

    Runs are made once more to be drawn: of thousands only the figures are kept.

    Args:
        robot: The robot of the result.
        result: What to draw.
        progress: Told (done, total, what).
    """
    item = next(iter(result.budgeted.values()))
    drawn = {'curves': curve_figure(result.tried, item.budget)}
    for number, scenario in enumerate(item.scenarios):
        if progress is not None:
            progress(number, len(item.scenarios), 'drawing')
        runs = _runs(robot, result, item, scenario)
        drawn[f'{scenario}_error'] = error_figure(runs)
        drawn[f'{scenario}_torque'] = torque_figure(runs)
        drawn[f'{scenario}_joints'] = joint_figure(
            {
                name: np.mean([one.joint_rms_mrad for one in item.scores[scenario, name]], axis=0)
                for name in runs
            },
            robot.joint_names,
        )
    return drawn


def write_pictures(folder: Path, drawn: Mapping[str, bytes]) -> None:
    """Write pictures as PNG files into a folder, each as a whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, png in drawn.items():
        write_bytes(folder / f'{name}.png', png)


def write_page(path: Path, result: TrackingResult, drawn: Mapping[str, bytes]) -> None:
    """Write the whole benchmark as one HTML file."""
    body = [html.heading(1, f'Tracking benchmark: {result.robot}')]
    if result.settings.quick:
        body.append(html.paragraph('Quick run: few scenarios, seeds and settings.'))
    seeds = result.settings.seeds
    body.append(
        html.paragraph(
            f'Tuned on seeds {list(result.settings.training_seeds)}, judged on {seeds[0]} to '
            f'{seeds[-1]}. RMS joint error in mrad (roughness).',
            soft=True,
        )
    )
    for item in result.budgeted.values():
        body += _section(item)
    body += [html.heading(2, 'Error over roughness'), html.image(drawn['curves'], 'curves')]
    for scenario in next(iter(result.budgeted.values())).scenarios:
        body.append(html.heading(2, scenario))
        body += [
            html.image(drawn[f'{scenario}_{what}'], f'{scenario}: {what}')
            for what in ('error', 'torque', 'joints')
        ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, html.page('Tracking benchmark', body))


def _section(item: Budgeted) -> list[str]:
    """Return the table under one budget."""
    within = 'any roughness' if item.budget is None else f'roughness at most {item.budget:g}'
    rows: list[list[html.Entry]] = []
    for name, chosen in item.chosen.items():
        if chosen is None:
            continue
        row: list[html.Entry] = [CONTESTANTS[name].title]
        for scenario in item.scenarios:
            found = item.figures[scenario, name]
            text = f'{found.rms_mrad:.2f} ({found.roughness:.2f})'
            row.append((text, 'best') if name == item.best_opponent(scenario) else text)
        row.append(', '.join(f'{key} {value:g}' for key, value in chosen.settings.items()))
        rows.append(row)
    return [
        html.heading(2, f'Tuned for the least error at {within}'),
        html.card(html.table(['', *item.scenarios, 'tuned to'], rows)),
    ]


def _runs(
    robot: RobotDescription, result: TrackingResult, item: Budgeted, scenario: str
) -> dict[str, TrackingRun]:
    """Make the first run of the best controllers once more."""
    bench = bench_of(robot, result.settings, result.identified)
    names = [name for where, name in item.figures if where == scenario and name != ORACLE]
    names.sort(key=lambda name: item.figures[scenario, name].rms_mrad)
    runs = {}
    for name in names[:SHOWN]:
        chosen = item.chosen[name]
        if chosen is None:
            continue
        trial = Trial(
            scenario=scenario,
            seed=result.settings.seeds[0],
            contestant=name,
            settings=tuple(sorted(chosen.settings.items())),
        )
        runs[name] = bench.run(trial)[0]
    return runs
