# SPDX-License-Identifier: Apache-2.0
"""Tests of making many runs."""

from dataclasses import replace

from lstm_dynamics_bench.tracking.trial import Bench, excess_torque, Trial, trial_runner, Variation
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import run_case
from lstm_dynamics_ros.evaluation.closed_loop.scenarios import Case
from lstm_dynamics_ros.sim.inner_law import ComputedTorqueLaw, FeedForward, InnerLaw
from lstm_dynamics_ros.sim.nominal import NominalModel
import numpy as np
import pytest

TRIALS = [
    Trial(scenario='clean', seed=seed, method='integral_action', settings=(('rate', 1.0),))
    for seed in (0, 1)
]


@pytest.mark.slow
def test_the_number_of_processes_changes_no_score(bench: Bench) -> None:
    with trial_runner(bench, workers=1) as alone, trial_runner(bench, workers=2) as shared:
        assert shared.scores(TRIALS, '') == alone.scores(TRIALS, '')


def test_no_run_is_made_twice_and_progress_is_reported(bench: Bench) -> None:
    calls: list[tuple[int, int, str]] = []

    with trial_runner(bench, workers=1, progress=lambda *now: calls.append(now)) as runner:
        runner.scores(TRIALS, 'tuning')
        runner.scores([*TRIALS, *TRIALS], 'again')

    assert calls == [(1, 2, 'tuning'), (2, 2, 'tuning')]


def test_a_variation_changes_the_robot_but_not_the_motion(bench: Bench) -> None:
    variation = Variation(payload=0.3, friction=2.0, delay_cycles=3, gain=0.5)

    plain, varied = bench.case('clean', 0), bench.case('clean', 0, variation)

    assert varied.motion.seed == plain.motion.seed
    assert varied.hidden.payload == 0.3
    assert varied.hidden.friction_scale == 2.0
    assert varied.delay_cycles == 3
    assert varied.robot.stiffness[0] == 0.5 * plain.robot.stiffness[0]


def test_a_run_that_fails_is_reported_and_ends_the_processes(bench: Bench) -> None:
    wrong = Trial(scenario='clean', seed=0, method='identified_model', settings=())

    with (
        pytest.raises(ConfigError, match='identification'),
        trial_runner(bench, workers=2) as runner,
    ):
        runner.scores([wrong, *TRIALS], '')


def test_the_robots_own_controller_asks_for_nothing_more(case: Case) -> None:
    np.testing.assert_array_equal(excess_torque(run_case(case), FeedForward()), 0.0)


@pytest.mark.parametrize('bandwidth', [10.0, 30.0])
def test_added_to_the_robots_own_controller_it_makes_the_same_command(
    case: Case, bandwidth: float
) -> None:
    law: InnerLaw = ComputedTorqueLaw(bandwidth)
    ideal = replace(case, hidden=replace(case.hidden, lag=0.0, delay=0.0))
    done = run_case(ideal, law=law)
    robot = case.robot
    run, k = done.run, 2500
    reference, q, dq = run.reference_position[k], run.position[k], run.velocity[k]
    pd = robot.stiffness * (reference - q)
    pd += robot.damping * (run.reference_velocity[k] - dq)

    excess = excess_torque(done, law)[k // 5]

    # without lag the effort of the next row is the command of this one
    usual = NominalModel(robot).torque(
        reference, run.reference_velocity[k], run.reference_acceleration[k]
    )
    np.testing.assert_allclose(usual + pd + excess, run.effort[k + 1], atol=1e-6)
