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
from lstm_dynamics_bench.tracking.methods import METHODS
from lstm_dynamics_bench.tracking.methods.classical import ORACLE
from lstm_dynamics_bench.tracking.result import Budgeted, TrackingResult
from lstm_dynamics_bench.tracking.suite import bench_of
from lstm_dynamics_bench.tracking.table import cell, settings_text, within
from lstm_dynamics_bench.tracking.trial import Trial
from lstm_dynamics_ros.core.atomic_file import write_bytes, write_text
from lstm_dynamics_ros.core.progress import no_progress, Progress
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import TrackingRun
from lstm_dynamics_ros.evaluation.reports.html import Entry, render, Table
from lstm_dynamics_ros.sim.robot import RobotDescription
import numpy as np

SHOWN = 5
"""Controllers that are drawn over time: the best ones."""


def pictures(
    robot: RobotDescription, result: TrackingResult, progress: Progress = no_progress
) -> dict[str, bytes]:
    """Return all pictures by name: curves, and error, torque and joints of each scenario.

    Runs are made once more to be drawn: of thousands only the figures are kept.

    Args:
        robot: The robot of the result.
        result: What to draw.
        progress: Called with steps done, steps in all, and what is being done.
    """
    item = next(iter(result.budgeted.values()))
    drawn = {'curves': curve_figure(result.tried, item.budget)}
    for number, scenario in enumerate(item.scenarios):
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
    """Write the whole benchmark as one HTML file, as a whole or not at all."""
    budgeted = list(result.budgeted.values())
    page = render(
        'tracking.html',
        package='lstm_dynamics_bench',
        title='Tracking benchmark',
        result=result,
        tables=[_table(item) for item in budgeted],
        scenarios=budgeted[0].scenarios,
        pictures=drawn,
    )
    write_text(path, page)


def _table(item: Budgeted) -> Table:
    """Return the table under one budget; the best baseline of each scenario stands out."""
    rows: list[list[Entry]] = []
    for name, chosen in item.chosen.items():
        if chosen is None:
            continue
        row: list[Entry] = [METHODS[name].title]
        for scenario in item.scenarios:
            text = cell(item, scenario, name)
            row.append((text, 'best') if name == item.best_baseline(scenario) else text)
        row.append(settings_text(chosen.settings))
        rows.append(row)
    return Table(within(item).capitalize(), ['', *item.scenarios, 'tuned to'], rows)


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
        trial = Trial.of(scenario, result.settings.seeds[0], name, chosen.settings)
        runs[name] = bench.run(trial)[0]
    return runs
