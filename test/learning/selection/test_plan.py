# SPDX-License-Identifier: Apache-2.0
"""How a budget becomes a plan."""

from dataclasses import replace

from lstm_dynamics_ros.learning.selection.plan import (
    Cost,
    FEWEST_UPDATES,
    MOST_UPDATES,
    Plan,
    size_for,
    updates_within,
)
import pytest

PLAN = Plan(
    budget=5.0,
    workers=2,
    folds=4,
    trial_folds=2,
    cells=('gru', 'lstm', 'memoryless'),
    hidden_size=16,
    head_size=0,
    burn_in_steps=40,
    window_steps=100,
    updates_per_epoch=1,
    epochs=10,
    seed=0,
)

COSTS = {'gru': Cost(1.0, 0.1), 'lstm': Cost(1.0, 0.2), 'memoryless': Cost(1.0, 0.05)}
"""Seconds to begin with, and per update."""


def test_the_time_is_shared_by_all_trainings() -> None:
    # Two trainings of each cell, then two more of what may be the slowest: 8 s to begin with, and
    # 0.7 + 0.4 s an update.
    assert updates_within(118.01, COSTS, PLAN) == (PLAN.cells, 100)


def test_the_slowest_is_left_out_where_time_is_short() -> None:
    cells, updates = updates_within(28.01, COSTS, PLAN)
    assert cells == ('gru', 'memoryless')
    assert updates == 44


def test_the_smallest_is_trained_even_without_time() -> None:
    assert updates_within(0.0, COSTS, PLAN) == (('memoryless',), FEWEST_UPDATES)


def test_more_time_than_is_of_use_is_not_spent() -> None:
    assert updates_within(1e6, COSTS, PLAN)[1] == MOST_UPDATES


def test_a_network_that_is_not_timed_is_not_planned() -> None:
    assert updates_within(110.0, {'gru': Cost(1.0, 0.1)}, PLAN)[0] == ('gru',)


@pytest.mark.parametrize(('rows', 'size'), [(1000, 16), (50_000, 32), (10**6, 64)])
def test_more_data_allow_a_larger_network(rows: int, size: int) -> None:
    assert size_for(rows) == size


def test_two_folds_need_no_more_trainings_than_trials() -> None:
    assert updates_within(76.01, COSTS, replace(PLAN, folds=2))[1] == 100
