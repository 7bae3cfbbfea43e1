# SPDX-License-Identifier: Apache-2.0
"""An ensemble is its members side by side: their mean, their spread, their memories."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.models.ensemble import Ensemble, spread
import numpy as np
import pytest
import torch
from torch import Tensor


@pytest.fixture
def members(checkpoints: Callable[..., Any]) -> list[DynamicsModel]:
    """A trained model and copies of it whose weights were changed."""
    made = checkpoints('forward', 'lstm')
    result = []
    for k in range(3):
        model = made.model()
        with torch.no_grad():
            for parameter in model.cell.parameters():
                parameter.add_(0.05 * k * torch.randn(parameter.shape))
        result.append(model)
    return result


@pytest.fixture
def rows(checkpoints: Callable[..., Any], runs: list[Segment]) -> Tensor:
    """Observations of two runs, shape (60, 2, F)."""
    settings = checkpoints('forward', 'lstm').settings
    return torch.stack([columns(run, settings).observations[:60] for run in runs[4:]], 1)


def test_the_prediction_is_the_mean_of_the_members(
    members: list[DynamicsModel], rows: Tensor
) -> None:
    ensemble = Ensemble(members)
    with torch.no_grad():
        each = [m.sequence(rows, m.zero_state(2))[0].numpy() for m in members]
        mean, _ = ensemble.sequence(rows, ensemble.zero_state(2))
    np.testing.assert_allclose(mean.numpy(), np.mean(each, 0), rtol=1e-5, atol=1e-6)


def test_steps_give_what_the_sequence_gives(members: list[DynamicsModel], rows: Tensor) -> None:
    ensemble = Ensemble(members)
    with torch.no_grad():
        whole, end = ensemble.sequence(rows, ensemble.zero_state(2))
        state = ensemble.zero_state(2)
        for row in rows:
            prediction, state = ensemble.step(row, state)
    np.testing.assert_allclose(prediction.numpy(), whole[-1].numpy(), rtol=1e-4, atol=1e-5)
    for part, other in zip(state.cell, end.cell, strict=True):
        np.testing.assert_allclose(part.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)


def test_the_spread_is_the_sample_standard_deviation() -> None:
    values = torch.tensor([[1.0, 4.0], [2.0, 4.0], [6.0, 4.0]]).unsqueeze(1)
    expected = np.std(values.numpy(), axis=0, ddof=1)
    np.testing.assert_allclose(spread(values).numpy(), expected, rtol=1e-6)


def test_one_member_alone_has_no_spread() -> None:
    assert spread(torch.ones(1, 2, 3)).abs().max() == 0


def test_the_packed_state_holds_every_member_and_one_delay_line(
    members: list[DynamicsModel], rows: Tensor
) -> None:
    step = PackedStep(Ensemble(members))
    lone = PackedStep(members[0])
    line = 1 + rows.shape[2] * (members[0].line.history - 1 if members[0].line else 0)
    assert step.hidden_size == 3 * 16 + -(-line // 2)
    assert lone.hidden_size == 16 + -(-line // 2)
    with torch.no_grad():
        state = step.zero_state(2)
        for row in rows[:30]:
            prediction, *after = step(row, *state)
            state = tuple(after)
        plain, _ = Ensemble(members).sequence(rows[:30], Ensemble(members).zero_state(2))
    np.testing.assert_allclose(prediction.numpy(), plain[-1].numpy(), rtol=1e-3, atol=1e-4)
