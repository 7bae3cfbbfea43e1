# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/rollout.py."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, ShapeError
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
from lstm_dynamics_ros.runtime.rollout import Effort, roll
import numpy as np
from numpy.typing import NDArray
import pytest

Load = Callable[..., LoadedModel]
START = np.random.default_rng(5).normal(size=(3, 6)).astype(np.float32).astype(np.float64)
FUTURE = np.random.default_rng(6).normal(size=(9, 3, 2))


def by_the_book(
    numbers: Any,  # noqa: ANN401
    effort: Effort,
) -> NDArray[np.float64]:
    """Roll the textbook equations 10 steps from START, written out plainly."""
    state, obs, rows = numbers.zero(3), START.copy(), []
    for k in range(10):
        prediction, state = numbers.step(obs, state)
        rows.append(prediction)
        if isinstance(effort, str):
            tau = obs[:, 4:] if effort == 'hold' else prediction[:, 4:]
        elif k < 9:
            tau = effort[k]
        obs = np.hstack([prediction[:, :4], tau])
    return np.array(rows)


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
@pytest.mark.parametrize('effort', ['hold', 'predicted', FUTURE], ids=['hold', 'own', 'given'])
def test_a_rollout_feeds_the_model_with_its_own_predictions(
    load: Load, textbook: Callable[..., Any], cell: str, effort: Effort
) -> None:
    step = OnnxStep(load(cell=cell), 3)
    step.obs[:] = START
    expected = by_the_book(textbook(cell=cell), effort)
    np.testing.assert_allclose(roll(step, 10, effort=effort), expected, rtol=1e-4, atol=1e-5)


def test_a_first_prediction_that_was_made_already_is_not_made_again(load: Load) -> None:
    loaded = load()
    step, again = OnnxStep(loaded, 3), OnnxStep(loaded, 3)
    step.obs[:] = again.obs[:] = START
    expected = roll(step, 10)
    first = again.step().copy()
    np.testing.assert_array_equal(roll(again, 10, first=first), expected)


def test_a_model_without_effort_target_needs_effort_from_elsewhere(load: Load) -> None:
    step = OnnxStep(load(with_effort_target=False), 3)
    with pytest.raises(ConfigError, match=r"does not predict effort, .* use effort 'hold'"):
        roll(step, 3, effort='predicted')
    assert roll(step, 3, effort='hold').shape == (3, 3, 4)


def test_an_inverse_model_has_no_rollout(load: Load) -> None:
    with pytest.raises(ConfigError, match='Only a forward model'):
        roll(OnnxStep(load(kind='inverse')), 3)


def test_future_effort_of_another_shape_is_refused(load: Load) -> None:
    with pytest.raises(ShapeError, match=r'\(4, 3, 2\), got \(5, 3, 2\)'):
        roll(OnnxStep(load(), 3), 5, effort=np.zeros((5, 3, 2)))
