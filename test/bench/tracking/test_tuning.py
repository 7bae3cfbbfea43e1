# SPDX-License-Identifier: Apache-2.0
"""Tests of tuning."""

from lstm_dynamics_bench.tracking.trial import Bench, trial_runner
from lstm_dynamics_bench.tracking.tuning import (
    choose,
    figures,
    geometric_mean,
    Tried,
    try_all,
)
from lstm_dynamics_ros.evaluation.closed_loop.lockstep import Score
import numpy as np
import pytest


def scored(rms: float, rough: tuple[float, ...], force: float = 0.0) -> Score:
    return Score(
        rms_mrad=rms,
        max_mrad=3.0 * rms,
        joint_rms_mrad=(rms, rms),
        rough=rough,
        oscillation_mrad=0.0,
        peak_force_n=force,
        frozen_after=None,
        confidence=1.0,
        low_confidence=1.0,
        trusted=1.0,
    )


def tried(error: float, *roughness: float) -> Tried:
    by_scenario = {str(k): value for k, value in enumerate(roughness)}
    return Tried(settings={'gain': error}, error_mrad=error, roughness=by_scenario)


def test_errors_are_averaged_over_seeds_and_roughness_is_pooled() -> None:
    own = [scored(1.0, (3.0, 0.0), 10.0), scored(2.0, (4.0, 1.0), 20.0)]
    oracle = [scored(0.1, (1.0, 0.0)), scored(0.1, (1.0, 0.5))]

    found = figures(own, oracle)

    assert found.rms_mrad == 1.5
    assert found.max_mrad == 6.0
    assert found.peak_force_n == 15.0
    np.testing.assert_allclose(found.roughness, (np.sqrt(12.5) + 2.0) / 2.0)


def test_a_joint_that_never_moves_is_left_out_of_the_roughness() -> None:
    found = figures([scored(1.0, (2.0, 3.0))], [scored(0.1, (1.0, 0.0))])

    assert found.roughness == 2.0


def test_the_least_error_within_the_budget_everywhere_is_chosen() -> None:
    items = [tried(1.0, 0.5, 2.5), tried(2.0, 1.9, 0.1), tried(3.0, 0.1, 0.1)]

    assert choose(items, 2.0) is items[1]
    assert choose(items, None) is items[0]
    assert choose(items, 0.05) is None


def test_the_budget_may_hold_for_the_geometric_mean_over_scenarios() -> None:
    items = [tried(1.0, 0.5, 2.5), tried(2.0, 1.9, 0.1)]

    assert choose(items, 2.0, everywhere=False) is items[0]
    assert choose(items, 1.0, everywhere=False) is items[1]


def test_the_geometric_mean_is_that_of_the_logarithms() -> None:
    assert geometric_mean([1.0, 4.0]) == pytest.approx(2.0)
    assert geometric_mean([0.0, 4.0]) == 0.0


def test_every_setting_is_tried_and_some_integral_action_is_better_than_none(bench: Bench) -> None:
    with trial_runner(bench, workers=1) as runner:
        found = try_all(runner, ['none', 'integral_action'], ['clean'], (0,), quick=True)

    assert len(found['none']) == 1
    rates = {item.settings['rate']: item.error_mrad for item in found['integral_action']}
    assert list(rates) == [0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
    assert min(rates.values()) < found['none'][0].error_mrad
