# SPDX-License-Identifier: Apache-2.0
"""What every cell must do. A new file in ``cells/`` is tested here by itself."""

from lstm_dynamics_ros.learning.cells import Cell, CELLS
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep, to_onnx
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
import numpy as np
import onnxruntime
import pytest
import torch

NAMES = sorted(CELLS)


def cell(name: str, layers: int) -> Cell:
    torch.manual_seed(0)
    return CELLS[name](6, 8, layers)


@pytest.mark.parametrize('layers', [1, 2])
@pytest.mark.parametrize('name', NAMES)
@torch.no_grad()
def test_steps_one_by_one_equal_the_whole_sequence(name: str, layers: int) -> None:
    made = cell(name, layers)
    x = torch.randn(50, 3, 6)
    whole, last = made(x, made.zero_state(3))
    state = made.zero_state(3)
    for row, expected in zip(x, whole, strict=True):
        y, state = made(row.unsqueeze(0), state)
        torch.testing.assert_close(y[0], expected, rtol=0, atol=1e-6)
    for part, end in zip(state, last, strict=True):
        torch.testing.assert_close(part, end, rtol=0, atol=1e-6)


@pytest.mark.parametrize('name', NAMES)
@torch.no_grad()
def test_rows_of_a_batch_do_not_touch_each_other(name: str) -> None:
    made = cell(name, 1)
    x = torch.randn(20, 4, 6)
    together, _ = made(x, made.zero_state(4))
    alone, _ = made(x[:, 2:3], made.zero_state(1))
    torch.testing.assert_close(together[:, 2:3], alone, rtol=0, atol=1e-6)


@pytest.mark.parametrize('name', NAMES)
@torch.no_grad()
def test_the_state_is_not_changed_in_place(name: str) -> None:
    made = cell(name, 1)
    state = made.zero_state(1)
    made(torch.randn(5, 1, 6), state)
    assert not any(part.any() for part in state)


@pytest.mark.parametrize('batch', [1, 5])
@pytest.mark.parametrize('layers', [1, 2])
@pytest.mark.parametrize('name', NAMES)
@torch.no_grad()
def test_the_exported_graph_computes_the_same_over_200_steps(
    name: str, layers: int, batch: int
) -> None:
    settings = ForwardSettings(cell=name, hidden_size=8, num_layers=layers, history_steps=4)
    torch.manual_seed(1)
    model = DynamicsModel(settings, ('revolute', 'prismatic'))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    step = PackedStep(model)
    session = onnxruntime.InferenceSession(
        to_onnx(step).SerializeToString(), providers=['CPUExecutionProvider']
    )
    mine = step.zero_state(batch)
    theirs = [part.numpy() for part in mine]
    names = step.state_names
    for _ in range(200):
        obs = torch.randn(batch, 6)
        prediction, *after = step(obs, *mine)
        mine = tuple(after)
        feed = {f'{n}_in': part for n, part in zip(names, theirs, strict=True)}
        got, *theirs = session.run(None, {'obs': obs.numpy(), **feed})
        np.testing.assert_allclose(got, prediction.numpy(), rtol=0, atol=1e-5)
    for part, other in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(other, part.numpy(), rtol=0, atol=1e-5)
