# SPDX-License-Identifier: Apache-2.0
"""Figures of errors, by hand."""

from dataclasses import replace
import json

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.reports.robustness_section import (
    robustness_section,
)
from lstm_dynamics_ros.evaluation.robustness import measure_robustness
from lstm_dynamics_ros.evaluation.robustness.result import (
    channel_errors,
    Comparison,
    over,
    Robustness,
)
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

TARGET = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])


def test_figures_are_over_what_was_answered() -> None:
    errors = np.array([[0.3, 0.0], [-0.4, 0.0], [np.nan, np.nan], [0.0, 0.0]])
    clean = np.array([[0.1, 0.0], [0.1, 0.0], [9.0, 0.0], [0.1, 0.0]])
    found = channel_errors(errors, clean, TARGET)
    assert found.rmse[0] == pytest.approx(np.sqrt(0.25 / 3))
    assert found.undisturbed[0] == pytest.approx(0.1)
    assert found.ratio == pytest.approx(np.sqrt(0.25 / 3) / 0.1)  # the joint that moves
    assert found.nmse == pytest.approx(0.25 / 3)
    assert found.largest[0] == pytest.approx(0.4)


def test_without_any_answer_there_is_no_figure() -> None:
    nothing = np.full(TARGET.shape, np.nan)
    found = channel_errors(nothing, np.zeros_like(TARGET), TARGET).to_json()
    assert found['ratio'] is None
    assert found['rmse_per_joint'] == [None, None]


def test_an_error_over_none_is_infinite_and_null_in_json() -> None:
    assert over(1.0, 0.0) == float('inf')
    assert over(0.0, 0.0) == 1.0
    found = channel_errors(np.ones((4, 2)), np.zeros((4, 2)), np.arange(8.0).reshape(4, 2))
    assert found.ratio == float('inf')
    assert found.to_json()['ratio'] is None


@pytest.fixture(scope='module')
def linear(swinging: Recording, linear_model: LoadedModel) -> Robustness:
    return measure_robustness(linear_model, [swinging], seconds=4.0)


@pytest.fixture(scope='module')
def recurrent(swinging: Recording, inverse_model: LoadedModel) -> Robustness:
    return measure_robustness(inverse_model, [swinging], seconds=4.0)


def test_both_are_over_the_undisturbed_error_of_the_first(
    linear: Robustness, recurrent: Robustness
) -> None:
    both = Comparison(results=(linear, recurrent))
    base = linear.curve('noise').levels[0].figures['effort'].rmse
    level = recurrent.curve('noise').levels[3]  # where every row is answered
    expected = (level.figures['effort'].rmse / base).mean()
    assert both.relative(1, 'noise', level, 'effort') == pytest.approx(expected)
    assert both.relative(0, 'noise', linear.curve('noise').levels[0], 'effort') == 1.0


def test_names_that_are_the_same_are_made_different(
    linear: Robustness, recurrent: Robustness
) -> None:
    both = Comparison(results=(linear, recurrent))
    assert linear.model_name == recurrent.model_name
    assert len(set(both.names)) == 2
    assert all(name in both.text() for name in both.names)


def test_json_holds_both(linear: Robustness, recurrent: Robustness) -> None:
    found = Comparison(results=(linear, recurrent)).to_json()
    json.dumps(found, allow_nan=False)
    assert found['against']['model']['sha256'] == recurrent.model_sha256
    assert 'against' not in Comparison(results=(linear,)).to_json()


def test_models_of_different_steps_are_not_compared(linear: Robustness) -> None:
    with pytest.raises(ConfigError, match='at one step'):
        Comparison(results=(linear, replace(linear, dt=0.02)))


def test_the_section_holds_its_pictures_and_tables(
    linear: Robustness, recurrent: Robustness
) -> None:
    body = robustness_section(Comparison(results=(linear, recurrent))).body
    assert 'data:image/png;base64,' in body
    assert 'Messages lost in bursts' in body


def test_a_section_of_one_model_names_no_other(linear: Robustness) -> None:
    section = robustness_section(Comparison(results=(linear,)))
    assert section.anchor == 'robustness'
    assert 'dashed' not in section.body
