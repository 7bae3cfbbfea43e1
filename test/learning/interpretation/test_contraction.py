# SPDX-License-Identifier: Apache-2.0
"""Tests for contraction.py."""

from pathlib import Path

from lstm_dynamics_ros.learning.interpretation.contraction import cell_entries, measure_contraction
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.interpretation.observed import ExplainedOutput
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
from numpy.typing import NDArray
import pytest
import torch

MODELS = Path(__file__).parents[3] / 'models'


@pytest.fixture(scope='module')
def pendulum() -> DifferentiableModel:
    return DifferentiableModel(load_model(MODELS / 'pendulum_forward.onnx'))


def swinging(model: DifferentiableModel, steps: int, count: int) -> NDArray[np.float64]:
    """Return smooth motion with velocities that belong to its positions."""
    n, dt = model.card.n_joints, model.card.dt
    phase = np.random.default_rng(0).uniform(0, 6.28, (count, n))
    time = dt * np.arange(steps)[:, None, None]
    position = 0.5 * np.sin(3.0 * time + phase)
    velocity = 1.5 * np.cos(3.0 * time + phase)
    return np.concatenate([position, velocity, 5.0 * position], 2)


def test_cells_are_told_from_the_delay_line_behind_them(pendulum: DifferentiableModel) -> None:
    observation = pendulum.tensor(swinging(pendulum, 1, 2)[0])
    hidden = pendulum.recurrent[0].hidden_size
    for mask in cell_entries(pendulum, observation):
        expected = torch.arange(pendulum.card.hidden_size) < hidden
        torch.testing.assert_close(mask[0, 0], expected)


def test_copies_agree_for_good_after_the_steps_that_are_told(
    pendulum: DifferentiableModel,
) -> None:
    rows = swinging(pendulum, 240, 4)
    found = measure_contraction(pendulum, ExplainedOutput(pendulum.card), rows, rows[:80, ::-1])
    assert found.worst[0] > 0.01
    assert found.worst[-1] < 0.01
    assert (found.typical <= found.worst).all()
    assert 0 < found.steps < 200
    assert (found.worst[found.steps :] <= 0.01).all()
    assert found.worst[found.steps - 1] > 0.01


def test_a_model_without_memory_agrees_at_once() -> None:
    model = DifferentiableModel(load_model(MODELS / 'arm_memoryless.onnx'))
    rows = swinging(model, 30, 2)
    found = measure_contraction(model, ExplainedOutput(model.card), rows, rows[:5])
    assert found.steps == 0
