# SPDX-License-Identifier: Apache-2.0
"""Tests of the registry of cells, and of the cell of ``docs/add_a_cell.md``."""

from pathlib import Path

from lstm_dynamics_ros.core.errors import UnknownNameError
from lstm_dynamics_ros.learning.cells import CELLS
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep, to_onnx
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
import pytest
import torch


def test_every_file_of_the_folder_is_registered() -> None:
    assert set(CELLS) >= {'lstm', 'gru'}


def test_an_unknown_cell_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown cell 'lsmt'\. .*Did you mean 'lstm'\?"):
        CELLS['lsmt']


def test_zero_state_has_one_tensor_per_name() -> None:
    cell = CELLS['lstm'](3, 4, 2)
    state = cell.zero_state(5)
    assert [tuple(part.shape) for part in state] == [(2, 5, 4), (2, 5, 4)]
    assert not any(part.any() for part in state)


PAGE = Path(__file__).parents[3] / 'docs' / 'add_a_cell.md'


@torch.no_grad()
def test_the_example_is_a_cell_that_exports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CELLS, '_classes', dict(CELLS._classes))
    code = PAGE.read_text(encoding='utf-8').split('```python\n')[1].split('```')[0]
    exec(compile(code, str(PAGE), 'exec'), {'__name__': 'add_a_cell'})
    cell = CELLS['mgu'](3, 4, 2)
    x = torch.randn(20, 2, 3)
    whole, _ = cell(x, cell.zero_state(2))
    state = cell.zero_state(2)
    for row, expected in zip(x, whole, strict=True):
        y, state = cell(row.unsqueeze(0), state)
        torch.testing.assert_close(y[0], expected, rtol=0, atol=1e-6)
    model = DynamicsModel(ForwardSettings(cell='mgu', hidden_size=4), ('revolute',))
    assert [item.name for item in to_onnx(PackedStep(model)).graph.output] == [
        'prediction',
        'h_out',
    ]
