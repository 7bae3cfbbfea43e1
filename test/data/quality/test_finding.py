# SPDX-License-Identifier: Apache-2.0
"""Tests of findings."""

from lstm_dynamics_ros.data.quality.finding import error, info, listed, SEVERITIES, warning


def test_each_severity_has_its_maker() -> None:
    made = [make('code', 'text') for make in (error, warning, info)]
    assert tuple(item.severity for item in made) == SEVERITIES


def test_names_are_listed_as_in_a_sentence() -> None:
    assert listed(['a']) == 'a'
    assert listed(['a', 'b', 'c']) == 'a, b and c'
