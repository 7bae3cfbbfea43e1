# SPDX-License-Identifier: Apache-2.0
"""Tests for lockstep_comparison.py and tracking_run.py: one run both ways, and the figures."""

import json
from pathlib import Path
import subprocess
import sys

from lstm_dynamics_bench.experiments.tracking.lockstep_comparison import (
    compare,
    ComparedSeed,
    ComparisonSettings,
    repetitions,
    rms_mrad,
    TrackingComparison,
    twice,
)
from lstm_dynamics_bench.experiments.tracking.tracking_run import (
    RosTrackingRun,
    row_of,
    run_over_ros,
)
from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import make_case, SCENARIOS
from lstm_dynamics_ros.sim.robot import load_robot
import numpy as np
from numpy.testing import assert_allclose
import pytest

pytest.importorskip('mujoco', reason='the embedded robots need mujoco')

SCRIPT = """
import json, sys
from pathlib import Path
from lstm_dynamics_bench.experiments.tracking.lockstep_comparison import compare
from lstm_dynamics_bench.experiments.tracking.lockstep_comparison import ComparisonSettings
from lstm_dynamics_ros.sim.robot import load_robot
settings = ComparisonSettings(
    scenario='clean', n_seeds=1, duration=6.0, payload=0.4, models={'residual': Path(sys.argv[1])}
)
print(json.dumps(compare(load_robot('pendulum'), settings).to_json()))
"""


@pytest.mark.slow
def test_a_run_through_node_and_messages_is_as_good_as_in_lockstep(pendulum_model: Path) -> None:
    done = subprocess.run(
        [sys.executable, '-c', SCRIPT, str(pendulum_model)],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 0 < found['ros_rms_mrad'] < 0.8 * found['none_rms_mrad']
    assert found['lockstep_rms_mrad'] < 0.8 * found['none_rms_mrad']
    assert 0.3 < found['ratio'] < 3.0  # a machine that is busy with other tests
    seed = found['seeds']['10000']
    assert seed['payload_kg'] == 0.4
    assert seed['commands_hz'] == pytest.approx(200.0, rel=0.2)
    assert set(seed['latency_us']) == {'p50', 'p99', 'max'}


def test_a_scenario_with_a_wall_is_refused(tmp_path: Path) -> None:
    case = make_case(load_robot('arm'), SCENARIOS['contact'], 3, duration=8.0)
    with pytest.raises(ConfigError, match='contact cannot be run through ROS'):
        run_over_ros(case, tmp_path / 'no.onnx', {}, velocity_share=0.7)


def test_names_and_models_that_are_not_there_are_refused() -> None:
    robot = load_robot('pendulum')
    with pytest.raises(UnknownNameError, match='clean'):
        compare(robot, ComparisonSettings(scenario='claen'))
    with pytest.raises(UnknownNameError, match='feedforward'):
        compare(robot, ComparisonSettings(scenario='clean', controller='pd_gravity'))
    with pytest.raises(ConfigError, match='no residual model of pendulum'):
        compare(robot, ComparisonSettings(scenario='clean'))


def test_a_motion_made_twice_is_scored_per_repetition() -> None:
    case = make_case(load_robot('pendulum'), SCENARIOS['clean'], 1, duration=6.0)
    double = twice(case)
    assert len(double.motion) == 2 * len(case.motion) == 12000
    assert_allclose(double.motion.position[:6000], double.motion.position[6000:])
    error = np.repeat([0.009, 0.001, 0.008, 0.002], [4000, 2000, 4000, 2000])[:, None]
    first, again = repetitions(error, 6000)
    assert (rms_mrad(first), rms_mrad(again)) == pytest.approx((1.0, 2.0))


def test_a_place_that_is_passed_once_gives_the_time() -> None:
    motion = make_case(load_robot('pendulum'), SCENARIOS['clean'], 1, duration=4.0).motion
    assert row_of(motion, motion.position[1234]) == 1234
    assert row_of(motion, motion.position[0]) is None  # it begins and ends there
    assert row_of(motion, motion.position[1234] + 1e-3) is None


def test_figures_are_means_over_seeds() -> None:
    def seed(number: int, ros: float, lockstep: float) -> ComparedSeed:
        run = RosTrackingRun(
            error=np.full((10, 2), 1e-3 * ros),
            commands_hz=200.0,
            lost=0,
            missed_ticks=0,
            latency_us={'p50': 100.0, 'p99': 900.0, 'max': 1000.0},
            counters={},
        )
        return ComparedSeed(
            seed=number,
            payload=1.5,
            ros=run,
            lockstep_mrad=lockstep,
            first_mrad=2 * lockstep,
            none_mrad=20.0,
            lockstep_joints_mrad=(lockstep, lockstep),
        )

    result = TrackingComparison(
        robot='arm',
        settings=ComparisonSettings(scenario='clean'),
        seeds=(seed(7, 1.0, 1.0), seed(8, 2.0, 1.5)),
    )
    assert result.ratio == pytest.approx(1.5 / 1.25)
    figures = result.to_json()
    assert figures['lockstep_first_rms_mrad'] == pytest.approx(2.5)
    assert figures['seeds']['8']['ros_joint_rms_mrad'] == pytest.approx([2.0, 2.0])
    lines = result.text().splitlines()
    assert lines[-1].split() == ['mean', '20.00', '2.500', '1.250', '1.500', '1.20']
    assert lines[-2].split()[-1] == '900'
