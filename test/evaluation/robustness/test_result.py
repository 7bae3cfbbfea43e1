# SPDX-License-Identifier: Apache-2.0
"""Figures of errors, by hand."""

from lstm_dynamics_ros.evaluation.robustness.result import figure, over
import numpy as np
import pytest

TARGET = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])


def test_figures_are_over_what_was_answered() -> None:
    errors = np.array([[0.3, 0.0], [-0.4, 0.0], [np.nan, np.nan], [0.0, 0.0]])
    clean = np.array([[0.1, 0.0], [0.1, 0.0], [9.0, 0.0], [0.1, 0.0]])
    found = figure(errors, clean, TARGET)
    assert found.rmse[0] == pytest.approx(np.sqrt(0.25 / 3))
    assert found.undisturbed[0] == pytest.approx(0.1)
    assert found.ratio == pytest.approx(np.sqrt(0.25 / 3) / 0.1)  # the joint that moves
    assert found.nmse == pytest.approx(0.25 / 3)
    assert found.largest[0] == pytest.approx(0.4)


def test_without_any_answer_there_is_no_figure() -> None:
    nothing = np.full(TARGET.shape, np.nan)
    found = figure(nothing, np.zeros_like(TARGET), TARGET).to_json()
    assert found['ratio'] is None
    assert found['rmse_per_joint'] == [None, None]


def test_an_error_over_none_is_infinite_and_null_in_json() -> None:
    assert over(1.0, 0.0) == float('inf')
    assert over(0.0, 0.0) == 1.0
    found = figure(np.ones((4, 2)), np.zeros((4, 2)), np.arange(8.0).reshape(4, 2))
    assert found.ratio == float('inf')
    assert found.to_json()['ratio'] is None
