# SPDX-License-Identifier: Apache-2.0
"""The cell of ``docs/add_a_cell.md`` does what the page says."""

from pathlib import Path

from lstm_dynamics_ros.learning.cells import CELLS
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep, to_onnx
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
import pytest
import torch

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
