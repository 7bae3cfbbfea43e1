# SPDX-License-Identifier: Apache-2.0
"""Figures of the sets, of others and of linear baselines."""

from lstm_dynamics_bench.published.robot_set import Figure
from lstm_dynamics_bench.published.sets import SETS
import pytest

EVERY_SET = pytest.mark.parametrize('name', SETS)


def figure(name: str, key: str) -> Figure:
    """Return a figure of a set."""
    return next(item for item in SETS[name].figures if item.key == key)


@EVERY_SET
def test_the_best_published_figure_stands_first(name: str) -> None:
    for item in SETS[name].figures:
        values = [one.value for one in item.published]
        assert values == sorted(values)


@EVERY_SET
def test_a_linear_baseline_is_one_of_the_frozen_figures(name: str) -> None:
    linear = [item.linear for item in SETS[name].figures if item.linear is not None]
    assert {item.key for item in linear if item.key} <= set(SETS[name].frozen_keys)


def test_a_ratio_is_one_for_its_baseline() -> None:
    for name, key in (('baxter_ugr', 'ratio'), ('kuka_lwr', 'resync_position_ratio')):
        assert figure(name, key).linear_value({}) == 1.0


def test_the_figure_of_a_linear_baseline_is_the_frozen_one() -> None:
    free_run = figure('kr300', 'free_run_mae_deg')
    assert free_run.linear_value({'kr300_fir60_mae_deg': [14.4]}) == 14.4
    assert free_run.linear_value({}) is None
    error = figure('emps', 'relative_error_percent')
    assert error.linear_value({'emps_relative_error_percent': [6.0, 5.4]}) == 5.4
    assert figure('kuka_weigand2021', 'traj_B_nmse').linear_value({}) is None
