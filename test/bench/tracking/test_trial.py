# SPDX-License-Identifier: Apache-2.0
"""Tests of making many runs."""

from lstm_dynamics_bench.tracking.trial import Bench, Trial, trial_runner, Variation
from lstm_dynamics_ros.core.errors import ConfigError
import pytest

TRIALS = [
    Trial(scenario='clean', seed=seed, contestant='integral_action', settings=(('rate', 1.0),))
    for seed in (0, 1)
]


@pytest.mark.slow
def test_the_number_of_processes_changes_no_score(bench: Bench) -> None:
    with trial_runner(bench, workers=1) as alone, trial_runner(bench, workers=2) as shared:
        assert shared.scores(TRIALS, '') == alone.scores(TRIALS, '')


def test_no_run_is_made_twice_and_progress_is_told(bench: Bench) -> None:
    told: list[tuple[int, int, str]] = []

    with trial_runner(bench, workers=1, progress=lambda *now: told.append(now)) as runner:
        runner.scores(TRIALS, 'tuning')
        runner.scores([*TRIALS, *TRIALS], 'again')

    assert told == [(1, 2, 'tuning'), (2, 2, 'tuning')]


def test_a_variation_changes_the_robot_but_not_the_motion(bench: Bench) -> None:
    variation = Variation(payload=0.3, friction=2.0, delay_cycles=3, gain=0.5)

    plain, varied = bench.case('clean', 0), bench.case('clean', 0, variation)

    assert varied.motion.seed == plain.motion.seed
    assert varied.hidden.payload == 0.3
    assert varied.hidden.friction_scale == 2.0
    assert varied.delay_cycles == 3
    assert varied.robot.stiffness[0] == 0.5 * plain.robot.stiffness[0]


def test_a_run_that_fails_is_told_and_ends_the_processes(bench: Bench) -> None:
    wrong = Trial(scenario='clean', seed=0, contestant='identified_model', settings=())

    with (
        pytest.raises(ConfigError, match='identification'),
        trial_runner(bench, workers=2) as runner,
    ):
        runner.scores([wrong, *TRIALS], '')
