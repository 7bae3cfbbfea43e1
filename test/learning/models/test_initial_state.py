# SPDX-License-Identifier: Apache-2.0
"""A hidden state guessed from the delay line, once that is full."""

from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.epochs import train
import numpy as np
import pytest
import torch

HISTORY = 5


@pytest.mark.parametrize('cell', ['lstm', 'gru', 'memoryless'])
def test_a_model_steps_as_it_runs_over_a_sequence(cell: str) -> None:
    settings = ForwardSettings(
        cell=cell,
        hidden_size=6,
        head_size=3,
        history_steps=HISTORY,
        num_layers=2,
        learned_initial_state=True,
        ripple_limit=0,
    )
    model = DynamicsModel(settings, ('revolute', 'revolute')).eval()
    torch.nn.init.normal_(model.output.weight)
    rows = torch.randn(20, 3, 6)
    step = PackedStep(model)
    with torch.no_grad():
        whole, _ = model.sequence(rows, model.zero_state(3))
        state = step.zero_state(3)
        predictions = []
        for row in rows:
            prediction, *after = step(row, *state)
            state = tuple(after)
            predictions.append(prediction)
        for cut in (2, HISTORY, 11):
            halfway = model.sequence(rows[:cut], model.zero_state(3))[1]
            rest, _ = model.sequence(rows[cut:], halfway)
            np.testing.assert_allclose(rest.numpy(), whole[cut:].numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        torch.stack(predictions).numpy(), whole.numpy(), rtol=1e-4, atol=1e-5
    )


def test_what_the_cell_knew_before_does_not_matter() -> None:
    settings = ForwardSettings(
        hidden_size=6, history_steps=HISTORY, learned_initial_state=True, ripple_limit=0
    )
    model = DynamicsModel(settings, ('revolute',)).eval()
    torch.nn.init.normal_(model.output.weight)
    rows = torch.randn(12, 1, 3)
    other = model.zero_state(1)
    other = other._replace(cell=tuple(torch.randn(part.shape) for part in other.cell))
    with torch.no_grad():
        a, _ = model.sequence(rows, model.zero_state(1))
        b, _ = model.sequence(rows, other)
    assert not torch.equal(a[: HISTORY - 1], b[: HISTORY - 1])
    assert torch.equal(a[HISTORY - 1 :], b[HISTORY - 1 :])


def test_the_guess_is_trained_with_the_rest(
    runs: list[Segment], small: dict[str, Any], tmp_path: Path
) -> None:
    own = {
        'model_kind': 'inverse',
        'history_steps': 10,
        'burn_in_steps': 10,
        'window_steps': 20,
        'max_epochs': 1,
        'learned_initial_state': True,
    }
    settings = training_settings(small | own, leave_out_foreign=True)
    assert isinstance(settings, InverseSettings)
    weights = train(runs[:4], runs[4:], settings, folder=tmp_path).weights
    last = torch.load(tmp_path / 'last.pt', weights_only=True)['model']
    moved = [name for name in last if name.startswith('initial.')]
    assert len(moved) == 4
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        fresh = DynamicsModel(settings, ('revolute',) * 2).state_dict()
    assert all(not torch.equal(last[name], fresh[name]) for name in moved)
    assert set(weights) == set(fresh)


def test_it_needs_a_delay_line() -> None:
    settings = ForwardSettings(history_steps=1, learned_initial_state=True)
    with pytest.raises(ConfigError, match='history_steps must be at least 2, got 1'):
        DynamicsModel(settings, ('revolute',))
