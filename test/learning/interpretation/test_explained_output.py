# SPDX-License-Identifier: Apache-2.0
"""Tests for explained_output.py."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
from lstm_dynamics_ros.runtime.model_file import load_model
import pytest
import torch


def test_a_forward_model_is_explained_by_the_change_of_velocity(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    output = ExplainedOutput(load_model(make_model(tmp_path / 'm.onnx')).card)
    prediction = torch.tensor([[0.0, 0.0, 3.0, 5.0, 0.0, 0.0]])
    observation = torch.tensor([[9.0, 9.0, 1.0, 2.0, 9.0, 9.0]])
    assert output.kind == 'velocity'
    torch.testing.assert_close(output(prediction, observation), torch.tensor([[2.0, 3.0]]))


def test_an_inverse_model_is_explained_by_its_effort(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    output = ExplainedOutput(load_model(make_model(tmp_path / 'm.onnx', kind='inverse')).card)
    prediction = torch.tensor([[4.0, 5.0]])
    torch.testing.assert_close(output(prediction, torch.ones(1, 4)), prediction)


def test_a_target_that_is_not_there_is_refused_with_those_that_are(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    card = load_model(make_model(tmp_path / 'm.onnx', kind='inverse')).card
    with pytest.raises(UnknownNameError, match=r"target 'position'. Known: effort"):
        ExplainedOutput(card, 'position')
