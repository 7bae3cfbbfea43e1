# SPDX-License-Identifier: Apache-2.0
"""Tests for integrated_gradients.py."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.core.card import Range
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.integrated_gradients import (
    attribute,
    contributions,
    training_mean,
)
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest


@pytest.fixture(scope='module')
def model(load: Callable[..., LoadedModel]) -> DifferentiableModel:
    return DifferentiableModel(load(kind='inverse'))


def test_contributions_add_up_to_the_change_of_the_textbook(
    model: DifferentiableModel, textbook: Callable[..., Any]
) -> None:
    observations = np.random.default_rng(0).normal(size=(10, 3, 4))
    baseline = np.array([0.1, -0.2, 0.3, 0.0])
    found = contributions(model, ExplainedOutput(model.card), observations, 4, baseline, points=64)
    equations = textbook(kind='inverse')

    def last(rows: np.ndarray) -> np.ndarray:
        state = equations.zero(rows.shape[1])
        for row in rows:
            prediction, state = equations.step(row, state)
        return np.asarray(prediction)

    alone = last(observations[4:])
    resting = last(np.tile(baseline, (6, 3, 1)))
    np.testing.assert_allclose(found.inputs.sum((1, 3)).T, alone - resting, rtol=1e-3)
    np.testing.assert_allclose(found.older, last(observations) - alone, atol=1e-6)
    assert found.gap < 1e-3


def test_an_input_at_the_baseline_contributes_nothing(model: DifferentiableModel) -> None:
    observations = np.random.default_rng(0).normal(size=(6, 2, 4))
    observations[:, :, 2] = 0.5
    baseline = np.array([0.0, 0.0, 0.5, 0.0])
    found = contributions(model, ExplainedOutput(model.card), observations, 0, baseline, points=8)
    np.testing.assert_array_equal(found.inputs[..., 2], 0.0)
    np.testing.assert_array_equal(found.older, 0.0)


def test_figures_are_rms_over_moments_in_spreads(model: DifferentiableModel) -> None:
    observations = np.random.default_rng(0).normal(size=(6, 3, 4))
    output, spread = ExplainedOutput(model.card), np.array([2.0, 4.0])
    found = attribute(model, output, observations, 0, spread)
    parts = contributions(model, output, observations, 0, np.zeros(4), points=32).inputs
    by_feature = np.sqrt((parts.sum(1) ** 2).mean(1)) / spread[:, None]
    of_joint2 = parts.sum(1)[:, :, [1, 3]].sum(2)
    np.testing.assert_allclose(found.by_feature, by_feature)
    np.testing.assert_allclose(found.by_joint[:, 1], np.sqrt((of_joint2**2).mean(1)) / spread)
    newest = np.sqrt((parts[:, -1].sum(2) ** 2).mean(1)) / spread
    np.testing.assert_allclose(found.by_age[:, 0], newest)


def test_the_baseline_is_the_mean_of_training_or_else_of_the_recording(
    model: DifferentiableModel,
) -> None:
    observations = np.full((2, 1, 4), 7.0)
    name = model.card.features[0].name
    known = {name: Range(minimum=0.0, maximum=1.0, mean=0.25, std=1.0)}
    mean = training_mean(replace(model.card, training_ranges=known), observations)
    np.testing.assert_array_equal(mean, [0.25, 7.0, 7.0, 7.0])
