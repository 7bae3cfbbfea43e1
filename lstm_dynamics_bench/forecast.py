# SPDX-License-Identifier: Apache-2.0
"""Forecasts of an embedded robot over motions and speeds it was not trained on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.core.assets import asset
from lstm_dynamics_ros.core.progress import Progress
from lstm_dynamics_ros.data.segment import segments
from lstm_dynamics_ros.data.text_table import text_table
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import RidgeArx
from lstm_dynamics_ros.evaluation.library_versions import library_versions
from lstm_dynamics_ros.evaluation.scores.evaluate import evaluate
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.sim.collection import HELD_OUT_PAYLOADS, HELD_OUT_SEEDS
from lstm_dynamics_ros.sim.motions import make_motion
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.simulate import simulate
from lstm_dynamics_ros.workflows.simulate import as_recording, as_truth

MOTIONS = ('multi_sine', 'point_to_point', 'mixed')
SPEEDS = (0.2, 0.35, 0.5, 0.7, 0.9)
HORIZONS = (1, 10, 50)


def forecast_benchmark(
    robot_name: str, *, seed: int, runs: int = 3, duration: float = 20.0, progress: Progress
) -> dict[str, Any]:
    """Score the shipped model of a robot, on payloads and seeds that no training plan draws.

    Args:
        robot_name: Embedded robot with a shipped model and ridge.
        seed: Another seed gives other motions.
        runs: Runs for each motion and speed.
        duration: Length of each [s].
        progress: Called with steps done, steps in all, and what is being done.

    Returns:
        By motion and speed the nMSE of all forecasters, and the ratio of the model's to the
        best of the others, in both modes, against simulator truth.
    """
    robot = load_robot(robot_name)
    loaded = load_model(asset(f'models/{robot_name}_forward.onnx'))
    ridge = RidgeArx.load(asset(f'models/{robot_name}_ridge.npz'))
    cases: dict[str, Any] = {}
    total = len(MOTIONS) * len(SPEEDS)
    for motion in MOTIONS:
        for speed in SPEEDS:
            progress(len(cases), total, f'{motion} {speed:g}')
            measured, truth = [], []
            for number in range(runs):
                own = HELD_OUT_SEEDS + 1000 * seed + number
                payload = HELD_OUT_PAYLOADS[number % len(HELD_OUT_PAYLOADS)]
                run = simulate(
                    robot,
                    make_motion(robot, motion, seed=own, duration=duration, speed=speed),
                    hidden=replace(robot.hidden, payload=payload * robot.payload.maximum),
                    seed=own,
                )
                measured += segments(as_recording(run, str(own)), loaded.card.dt)
                truth += segments(as_truth(run, str(own)), loaded.card.dt)
            scored = evaluate(loaded, measured, truth=truth, ridge=ridge, horizons=HORIZONS)
            cases[f'{motion} {speed:g}'] = scored.to_json()
    return {
        'robot': robot_name,
        'model_sha256': loaded.sha256,
        'seed': seed,
        'cases': cases,
        'versions': library_versions(),
    }


def forecast_table(result: dict[str, Any], kinds: Sequence[str] = ('position', 'velocity')) -> str:
    """Return the ratios model / best other for a terminal."""

    def ratio(value: float | None) -> str:
        return 'all diverged' if value is None else f'{value:.2f}'

    columns = [
        (mode, kind, h)
        for mode in ('known_torque', 'causal')
        for kind in kinds
        for h in HORIZONS[1:]
    ]
    head = ['motion, speed', *(f'{mode[:6]} {kind[:3]} {h}' for mode, kind, h in columns)]
    rows = [
        [name, *(ratio(case[mode]['ratio_to_best'][kind][str(h)]) for mode, kind, h in columns)]
        for name, case in result['cases'].items()
    ]
    title = 'nMSE of the model over that of the best of persistence, constant velocity and ridge'
    return f'{title}\n{text_table(head, rows)}'
