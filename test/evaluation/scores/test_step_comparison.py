# SPDX-License-Identifier: Apache-2.0
"""Tests for evaluation/scores/step_comparison.py."""

from dataclasses import replace

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.evaluation.scores.step_comparison import (
    comparison_table,
    reasons_to_stop,
    step_figures,
    StepFigures,
)
import numpy as np
import pytest

NAMES = ('shoulder', 'wrist')
BEFORE = StepFigures(
    error=np.array([0.01, 0.02]),
    roughness=np.array([0.5, 0.1]),
    effort=np.array([40.0, 5.0]),
    seconds=30.0,
)


def test_the_error_is_a_root_mean_square_and_only_fast_effort_is_rough() -> None:
    t = np.arange(4000) * 1e-3
    stamps = (1e9 * t).astype(np.int64)
    slow, fast = np.sin(2 * np.pi * 0.5 * t), np.sin(2 * np.pi * 30.0 * t)
    error = np.column_stack([0.01 * slow, np.full_like(t, 0.02)])
    effort = np.column_stack([20.0 * slow + 0.4 * fast, 5.0 * slow])
    figures = step_figures(stamps, error, effort)
    np.testing.assert_allclose(figures.error, [0.01 / np.sqrt(2), 0.02], rtol=1e-3)
    np.testing.assert_allclose(figures.roughness, [0.4 / np.sqrt(2), 0.0], atol=0.01)
    np.testing.assert_allclose(figures.effort, [20.4, 5.0], atol=0.1)
    assert figures.seconds == pytest.approx(3.999)


def test_without_measured_effort_there_is_no_roughness_and_no_reason() -> None:
    stamps = np.arange(200, dtype=np.int64) * 5_000_000
    figures = step_figures(stamps, np.full((200, 2), 0.01), np.full((200, 2), np.nan))
    assert np.isnan(figures.roughness).all()
    assert reasons_to_stop(figures, figures, NAMES, NAMES) == []


def test_too_little_is_not_compared() -> None:
    with pytest.raises(DataError, match='Only 3 joint states came with a reference'):
        step_figures(np.arange(3, dtype=np.int64), np.zeros((3, 2)), np.zeros((3, 2)))


def test_better_is_no_reason_to_stop() -> None:
    better = replace(BEFORE, error=0.5 * BEFORE.error, roughness=1.5 * BEFORE.roughness)
    assert reasons_to_stop(BEFORE, better, NAMES, NAMES) == []


def test_a_larger_error_is_also_of_a_joint_without_torque() -> None:
    worse = replace(BEFORE, error=np.array([0.012, 0.02]))
    (reason,) = reasons_to_stop(BEFORE, worse, NAMES, ('wrist',))
    assert reason == (
        'shoulder tracks worse than without correction: 12 in place of 10 mrad or mm, although it '
        'got no torque.'
    )


def test_a_tone_that_was_not_there_is_a_reason() -> None:
    rough = replace(BEFORE, roughness=np.array([0.5, 0.25]))
    (reason,) = reasons_to_stop(BEFORE, rough, NAMES, NAMES)
    assert reason == 'The effort of wrist above 5 Hz went from 0.1 to 0.25.'


def test_hardly_any_roughness_may_double() -> None:
    quiet = replace(BEFORE, roughness=np.array([0.5, 0.001]))
    now = replace(BEFORE, roughness=np.array([0.5, 0.09]))
    assert reasons_to_stop(quiet, now, NAMES, NAMES) == []


def test_the_table_marks_who_got_torque() -> None:
    table = comparison_table(BEFORE, BEFORE, NAMES, ('wrist',)).splitlines()
    assert table[2].split()[0] == 'shoulder'
    assert table[3].split()[:4] == ['*', 'wrist', '20.00', '20.00']
