# SPDX-License-Identifier: Apache-2.0
"""Two models side by side, and their page."""

from dataclasses import replace
import json

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.reports.robustness_section import (
    robustness_section,
)
from lstm_dynamics_ros.evaluation.robustness import measure_robustness
from lstm_dynamics_ros.evaluation.robustness.comparison import Comparison
from lstm_dynamics_ros.evaluation.robustness.result import Robustness
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import pytest


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
