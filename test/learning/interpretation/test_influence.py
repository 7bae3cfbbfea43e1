# SPDX-License-Identifier: Apache-2.0
"""Tests for influence.py: derivatives against differences of the textbook equations."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.influence import measure_influence, output_gradients
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
from numpy.typing import NDArray
import pytest

Array = NDArray[np.float64]
STEPS = 9


@pytest.fixture(scope='module')
def model(load: Callable[..., LoadedModel]) -> DifferentiableModel:
    return DifferentiableModel(load(kind='inverse'))


@pytest.fixture(scope='module')
def observations() -> Array:
    return np.random.default_rng(0).normal(size=(STEPS, 3, 4))


@pytest.fixture(scope='module')
def slope(textbook: Callable[..., Any]) -> Callable[[Array, int, int, int], float]:
    """Return the central difference of an output by one input of a stretch."""
    equations = textbook(kind='inverse')

    def last(rows: Array, joint: int) -> float:
        state = equations.zero(1)
        for row in rows:
            prediction, state = equations.step(row[None], state)
        return float(prediction[0, joint])

    def of(rows: Array, joint: int, step: int, feature: int) -> float:
        nudge = np.zeros_like(rows)
        nudge[step, feature] = 1e-6
        return (last(rows + nudge, joint) - last(rows - nudge, joint)) / 2e-6

    return of


def test_gradients_are_differences_of_the_textbook(
    model: DifferentiableModel,
    observations: Array,
    slope: Callable[[Array, int, int, int], float],
) -> None:
    output = ExplainedOutput(model.card)
    gradients = output_gradients(model, output, model.tensor(observations), model.zero_state(3))
    assert gradients.shape == (2, STEPS, 3, 4)
    for joint, step, moment, feature in ((0, 0, 0, 1), (1, 4, 2, 3), (1, 8, 1, 0)):
        expected = slope(observations[:, moment], joint, step, feature)
        assert float(gradients[joint, step, moment, feature]) == pytest.approx(expected, rel=1e-5)


def test_influence_is_the_rms_over_moments_in_spreads_newest_first(
    model: DifferentiableModel,
    observations: Array,
    slope: Callable[[Array, int, int, int], float],
) -> None:
    spread = np.array([2.0, 4.0])
    found = measure_influence(model, ExplainedOutput(model.card), observations, 3, spread)
    assert found.jacobian.shape == (2, STEPS - 3, 4)
    for joint, age, feature in ((0, 0, 0), (1, 2, 3), (0, 5, 1)):
        slopes = [slope(observations[:, m], joint, STEPS - 1 - age, feature) for m in range(3)]
        deviation = observations[..., feature].std()
        expected = np.sqrt(np.mean(np.square(slopes))) * deviation / spread[joint]
        assert found.jacobian[joint, age, feature] == pytest.approx(expected, rel=1e-5)


def test_progress_ends_with_everything_done(
    model: DifferentiableModel, observations: Array
) -> None:
    calls: list[tuple[int, int]] = []
    measure_influence(
        model,
        ExplainedOutput(model.card),
        observations,
        3,
        np.ones(2),
        lambda done, total, _: calls.append((done, total)),
    )
    assert calls[-1] == (2, 2)
