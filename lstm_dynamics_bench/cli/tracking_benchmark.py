# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics benchmark tracking` from its options to its files."""

from pathlib import Path
from typing import TYPE_CHECKING

from lstm_dynamics_bench.tracking.page import pictures, write_page, write_pictures
from lstm_dynamics_bench.tracking.settings import SuiteSettings
from lstm_dynamics_bench.tracking.suite import run_suite
from lstm_dynamics_bench.tracking.table import tracking_table
from lstm_dynamics_ros.cli.console import progress, say, write_json
from lstm_dynamics_ros.sim.robot import load_robot

if TYPE_CHECKING:
    from lstm_dynamics_bench.experiments.tracking.lockstep_comparison import ComparisonSettings


def tracking_benchmark(
    robot_name: str,
    settings: SuiteSettings,
    *,
    json: Path | None,
    plots: Path | None,
    report: Path | None,
) -> int:
    """Run the benchmark, print its table and write what was asked for.

    Args:
        robot_name: Embedded robot.
        settings: What is to be run.
        json: File for the figures.
        plots: Folder for the pictures.
        report: File for the page.
    """
    robot = load_robot(robot_name)
    with progress('tracking') as update:
        result = run_suite(robot, settings, update)
    say(tracking_table(result))
    write_json(json, result.to_json())
    if plots is None and report is None:
        return 0
    with progress('tracking') as update:
        drawn = pictures(robot, result, update)
    if plots is not None:
        write_pictures(plots, drawn)
    if report is not None:
        write_page(report, result, drawn)
    return 0


def tracking_over_ros(
    robot_name: str, settings: 'ComparisonSettings', *, json: Path | None
) -> int:
    """Run a scenario through ROS and in lockstep, and print both.

    Args:
        robot_name: Embedded robot.
        settings: What is to be run.
        json: File for the figures.
    """
    from lstm_dynamics_bench.experiments.tracking.lockstep_comparison import compare  # noqa: PLC0415 - needs ROS

    with progress('tracking over ROS') as update:
        result = compare(load_robot(robot_name), settings, update)
    say(result.text())
    write_json(json, result.to_json())
    return 0
