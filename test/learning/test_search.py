# SPDX-License-Identifier: Apache-2.0
"""Variants are compared by what each member did not see."""

from dataclasses import replace
import json
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import TrainingError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.search import cross_validate, Outcome, table
import pytest


def outcome(name: str, *rmse: float) -> Outcome:
    errors = {'0': {'effort': {'model': list(rmse)}}}
    settings = InverseSettings()
    return Outcome(name=name, settings=settings, errors=errors, weights=10, seconds=1.0)


def test_the_figure_is_the_geometric_mean_of_the_ratios() -> None:
    base, other = outcome('base', 1.0, 4.0), outcome('other', 2.0, 2.0)
    assert other.over(base) == pytest.approx(math.sqrt(2.0 * 0.5))


def test_a_variant_that_diverged_is_infinitely_bad() -> None:
    assert outcome('x', math.nan, 1.0).over(outcome('base', 1.0, 1.0)) == math.inf


def test_the_table_names_the_best_first() -> None:
    lines = table([outcome('base', 1.0), outcome('worse', 2.0), outcome('better', 0.5)])
    assert [line.split()[0] for line in lines.splitlines()[1:]] == ['better', 'base', 'worse']


@pytest.mark.slow
def test_every_trajectory_is_judged_unseen(
    runs: list[Segment], small: dict[str, Any], tmp_path: Path
) -> None:
    settings = ForwardSettings(**(small | {'members': 2, 'max_epochs': 1}))
    found = cross_validate('base', runs, settings, folder=tmp_path)
    assert set(found.errors) >= {'1', '20'}
    again = cross_validate('base', runs, settings, folder=tmp_path)
    assert again == found
    stamp = json.loads((tmp_path / 'outcome.json').read_text())['stamp']
    assert len(stamp['data']) == 2


def test_one_member_cannot_be_cross_validated(
    runs: list[Segment], small: dict[str, Any], tmp_path: Path
) -> None:
    settings = replace(ForwardSettings(**small), members=1)
    with pytest.raises(TrainingError, match='base must have members >= 2, one per split, got 1'):
        cross_validate('base', runs, settings, folder=tmp_path)
