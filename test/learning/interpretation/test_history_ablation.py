# SPDX-License-Identifier: Apache-2.0
"""Tests for history_ablation.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.history_ablation import (
    constant_velocity_history,
    measure_history_ablation,
)
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np


def test_the_past_goes_on_at_constant_velocity(load: Callable[..., LoadedModel]) -> None:
    card = load().card
    observations = np.random.default_rng(0).uniform(-1, 1, (6, 1, 6))
    changed = constant_velocity_history(card, observations, 2)
    np.testing.assert_array_equal(changed[3:], observations[3:])
    then = observations[3, 0]
    for step in range(3):
        expected = then[:2] - (3 - step) * card.dt * then[2:4]
        np.testing.assert_allclose(changed[step, 0, :2], expected)
        np.testing.assert_array_equal(changed[step, 0, 2:], then[2:])


def test_positions_stop_at_the_edge_of_the_training_range(
    load: Callable[..., LoadedModel],
) -> None:
    card = load().card  # trained on +-3 rad
    observations = np.zeros((500, 1, 6))
    observations[-1, 0, :4] = [2.0, 2.0, -4.0, 0.0]
    changed = constant_velocity_history(card, observations, 0)
    assert changed[0, 0, 0] == 3.0
    assert changed[0, 0, 2] == 0.0
    assert changed[-2, 0, 2] == -4.0


def test_the_change_is_that_of_the_textbook_with_the_other_past(
    load: Callable[..., LoadedModel], textbook: Callable[..., Any]
) -> None:
    model = DifferentiableModel(load(kind='inverse'))
    equations = textbook(kind='inverse')
    observations = np.random.default_rng(1).normal(size=(12, 2, 4))
    found = measure_history_ablation(
        model, ExplainedOutput(model.card), observations, np.array([2.0, 3.0])
    )

    def last(rows: np.ndarray) -> np.ndarray:
        state = equations.zero(2)
        for row in rows:
            prediction, state = equations.step(row, state)
        return np.asarray(prediction)

    age = int(found.ages[2])
    change = last(constant_velocity_history(model.card, observations, age)) - last(observations)
    expected = np.sqrt((change**2).mean(0)) / [2.0, 3.0]
    np.testing.assert_allclose(found.change[2], expected, rtol=1e-5)
    np.testing.assert_array_equal(found.change[-1], 0.0)


def test_a_model_without_memory_does_not_depend_on_the_past() -> None:
    path = Path(__file__).parents[3] / 'models' / 'arm_memoryless.onnx'
    model = DifferentiableModel(load_model(path))
    observations = 0.1 * np.random.default_rng(0).normal(size=(5, 2, 21))
    found = measure_history_ablation(model, ExplainedOutput(model.card), observations, np.ones(7))
    np.testing.assert_array_equal(found.change, 0.0)
