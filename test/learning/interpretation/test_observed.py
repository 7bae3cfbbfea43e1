# SPDX-License-Identifier: Apache-2.0
"""Tests for observed.py."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput, observe
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest
import torch


def test_what_is_observed_are_the_states_of_the_textbook(
    load: Callable[..., LoadedModel], textbook: Callable[..., Any]
) -> None:
    model = DifferentiableModel(load(kind='inverse'))
    equations = textbook(kind='inverse')
    observations = np.random.default_rng(0).normal(size=(7, 2, 4))
    found = observe(model, ExplainedOutput(model.card), observations, 3)
    (node,) = found.nodes
    state = equations.zero(2)
    for number, row in enumerate(observations):
        before = np.concatenate([state[0][0], state[1][0]], 1)
        prediction, state = equations.step(row, state)
        if number >= 3:
            np.testing.assert_allclose(node.before[number - 3], before, rtol=1e-5, atol=1e-7)
            np.testing.assert_allclose(node.hidden[number - 3], state[0][0], rtol=1e-5)
            np.testing.assert_allclose(found.outputs[number - 3], prediction, rtol=1e-5)
    assert len(node.hidden) == 4
    assert set(node.gates) == {'input', 'output', 'forget'}


def test_a_forward_model_is_explained_by_the_change_of_velocity(
    load: Callable[..., LoadedModel],
) -> None:
    output = ExplainedOutput(load().card)
    prediction = torch.tensor([[0.0, 0.0, 3.0, 5.0, 0.0, 0.0]])
    observation = torch.tensor([[9.0, 9.0, 1.0, 2.0, 9.0, 9.0]])
    assert output.kind == 'velocity'
    torch.testing.assert_close(output(prediction, observation), torch.tensor([[2.0, 3.0]]))


def test_an_inverse_model_is_explained_by_its_effort(load: Callable[..., LoadedModel]) -> None:
    output = ExplainedOutput(load(kind='inverse').card)
    prediction = torch.tensor([[4.0, 5.0]])
    torch.testing.assert_close(output(prediction, torch.ones(1, 4)), prediction)


def test_a_target_that_is_not_there_is_refused_with_those_that_are(
    load: Callable[..., LoadedModel],
) -> None:
    card = load(kind='inverse').card
    with pytest.raises(UnknownNameError, match=r"target 'position'. Known: effort"):
        ExplainedOutput(card, 'position')
