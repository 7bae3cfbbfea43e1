# SPDX-License-Identifier: Apache-2.0
"""Tests of the sweep over random robots."""

from lstm_dynamics_bench.tracking.sweep import draw, sweep
from lstm_dynamics_bench.tracking.trial import Bench, trial_runner
import numpy as np


def test_random_robots_cover_the_ranges() -> None:
    robots = [draw(0, number, 3.0) for number in range(300)]

    friction = np.log([robot.friction for robot in robots])
    assert np.log(0.3) <= friction.min() < friction.max() <= np.log(3.0)
    np.testing.assert_allclose(friction.mean(), 0.5 * np.log(0.9), atol=0.1)
    assert {robot.delay_cycles for robot in robots} == {1, 2, 3, 4}
    assert min(robot.gain for robot in robots) >= 0.5
    assert max(robot.gain for robot in robots) <= 1.3
    assert robots[5] == draw(0, 5, 3.0)


def test_an_oracle_is_stable_and_an_overdone_integral_is_not(bench: Bench) -> None:
    settings = {'none': {}, 'oracle': {}, 'pd_gravity': {}, 'integral_action': {'rate': 40.0}}

    with trial_runner(bench, workers=1) as runner:
        oracle, integral = sweep(runner, settings, 3, seed=0)

    assert (oracle.controller, oracle.runs) == ('oracle', 3)
    assert (oracle.diverged, oracle.limit_cycles, oracle.worse) == (0, 0, 0)
    assert oracle.worst_ratio < 0.5
    assert integral.controller == 'integral_action'
    assert integral.diverged + integral.limit_cycles == 3
