# SPDX-License-Identifier: Apache-2.0
"""Friction elements follow a joint and slip when strained too far."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.models.maxwell_slip import MaxwellSlip
import numpy as np
import pytest
import torch

WIDTHS = (0.1, 0.5)


def test_elements_do_what_the_equation_says() -> None:
    moves = np.random.default_rng(0).normal(scale=0.05, size=(200, 3, 2))
    expected = np.zeros((200, 3, 2, 2))
    z = np.zeros((3, 2, 2))
    for t, move in enumerate(moves):
        for k, width in enumerate(WIDTHS):
            z[:, k] = np.clip(z[:, k] + move / width, -1, 1)
        expected[t] = z
    slip = MaxwellSlip(2, WIDTHS)
    found = slip.sequence(torch.from_numpy(moves).float(), slip.zero_state(3))
    np.testing.assert_allclose(found.numpy(), expected.reshape(200, 3, 4), atol=1e-5)


def test_after_a_reversal_the_force_turns_over_twice_the_width() -> None:
    slip = MaxwellSlip(1, (0.2,))
    there = torch.full((100, 1, 1), 0.01)
    strain = slip.sequence(torch.cat([there, -there]), slip.zero_state(1))[:, 0, 0]
    assert float(strain[99]) == 1.0
    assert float(strain[119]) == pytest.approx(0.0, abs=1e-5)
    assert float(strain[140]) == -1.0


@pytest.mark.parametrize('joint', ['revolute', 'continuous'])
def test_a_model_steps_as_it_runs_over_a_sequence(joint: str) -> None:
    settings = ForwardSettings(
        hidden_size=5,
        head_size=3,
        history_steps=4,
        slip_displacements=WIDTHS,
        dropout=0.5,
        ripple_limit=0,
    )
    model = DynamicsModel(settings, (joint, 'revolute')).eval()
    rows = torch.randn(30, 2, 6).cumsum(0) * 0.1
    if joint == 'continuous':
        rows[..., 0] = (rows[..., 0] + 3.1 + torch.pi) % (2 * torch.pi) - torch.pi
    step = PackedStep(model)
    with torch.no_grad():
        whole, end = model.sequence(rows, model.zero_state(2))
        state = step.zero_state(2)
        for row in rows:
            prediction, *after = step(row, *state)
            state = tuple(after)
        halfway = model.sequence(rows[:17], model.zero_state(2))[1]
        rest, _ = model.sequence(rows[17:], halfway)
    np.testing.assert_allclose(prediction.numpy(), whole[-1].numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(rest.numpy(), whole[17:].numpy(), rtol=1e-4, atol=1e-5)
    assert end.slip is not None
    assert float(end.slip.abs().max()) <= 1.0


def test_the_first_observation_is_no_move() -> None:
    settings = ForwardSettings(history_steps=3, slip_displacements=WIDTHS, hidden_size=4)
    model = DynamicsModel(settings, ('revolute',)).eval()
    with torch.no_grad():
        _, state = model.step(torch.full((1, 3), 2.0), model.zero_state(1))
    assert state.slip is not None
    assert float(state.slip.abs().max()) == 0.0


def test_elements_need_a_newest_position_but_one() -> None:
    settings = ForwardSettings(history_steps=1, slip_displacements=WIDTHS)
    with pytest.raises(ConfigError, match='history_steps must be at least 2, got 1'):
        DynamicsModel(settings, ('revolute',))
