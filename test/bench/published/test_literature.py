# SPDX-License-Identifier: Apache-2.0
"""Figures of others."""

from lstm_dynamics_bench.published.literature import (
    best_published,
    LINEAR,
    linear_figure,
    PUBLISHED,
)
from lstm_dynamics_bench.published.sets import SETS


def test_the_best_is_the_smallest() -> None:
    for (name, figure), found in PUBLISHED.items():
        best = best_published(name, figure)
        assert best is not None
        assert best.value == min(one.value for one in found)
    assert best_published('kr300', 'nothing') is None


def test_all_belong_to_a_figure_of_a_set() -> None:
    for name, key in [*PUBLISHED, *LINEAR]:
        assert key in {figure.key for figure in SETS[name].figures}
    for (name, _), (_, frozen, _) in LINEAR.items():
        assert frozen in SETS[name].frozen_keys


def test_a_ratio_is_one_for_its_opponent() -> None:
    assert linear_figure('baxter_ugr', 'ratio', {}) == ('ridge', 1.0)
    assert linear_figure('kuka_lwr', 'resync_position_ratio', {}) == ('ARX(10)', 1.0)
    assert linear_figure('kr300', 'free_run_mae_deg', {'kr300_fir60_mae_deg': [14.4]}) == (
        'FIR(60)',
        14.4,
    )
    assert linear_figure('kuka_weigand2021', 'traj_B_nmse', {}) is None
