# SPDX-License-Identifier: Apache-2.0
"""Tests of the measured washout."""

from collections.abc import Callable

from lstm_dynamics_ros.core.errors import ExportError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.washout import measure_washout
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.linear_start import prepare
import pytest
import torch

Trained = Callable[[str, str], Checkpoint]


def with_forget_gate(runs: list[Segment], bias: float) -> DynamicsModel:
    """Return a model whose output is the cell state, which decays at a rate set by the gate."""
    settings = InverseSettings(hidden_size=2, history_steps=1, head_size=0, ripple_limit=0)
    model = DynamicsModel(settings, runs[0].joint_types)
    prepare(model, [columns(run, settings) for run in runs], ridge=1e-3, history=1, dt=settings.dt)
    layers = dict(model.cell.layers.named_parameters())  # type: ignore[union-attr]
    for parameter in layers.values():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        layers['bias_ih_l0'][2:4] = bias
        model.output.weight.copy_(torch.eye(2))
    return model


def test_the_washout_is_that_of_the_forget_gate(runs: list[Segment]) -> None:
    # The cell state shrinks by f each step, so h = o tanh(c) does: w steps to fall below the
    # limit. sigmoid(3) = 0.953: a factor of 100 takes 95 steps, 10 takes 48.
    settings = InverseSettings()
    used = [columns(run, settings) for run in runs]
    model = with_forget_gate(runs, 3.0)
    measured = measure_washout(model, used)
    f = float(torch.sigmoid(torch.tensor(3.0)))
    slower = measure_washout(with_forget_gate(runs, 4.0), used)
    ratio = torch.log(torch.sigmoid(torch.tensor(4.0))) / torch.log(torch.tensor(f))
    assert measured > 0
    assert slower == pytest.approx(measured / float(ratio), rel=0.25)


def test_a_model_that_never_forgets_is_refused(runs: list[Segment]) -> None:
    used = [columns(run, InverseSettings()) for run in runs]
    with pytest.raises(ExportError, match=r'does not forget: .* after \d+ of 1200 steps'):
        measure_washout(with_forget_gate(runs, 30.0), used)


def test_the_delay_line_alone_is_forgotten_after_its_length(runs: list[Segment]) -> None:
    settings = ForwardSettings(hidden_size=4, history_steps=9, ripple_limit=0)
    used = [columns(run, settings) for run in runs]
    model = DynamicsModel(settings, runs[0].joint_types)
    prepare(model, used, ridge=1e-3, history=9, dt=0.005)
    assert measure_washout(model, used) == 8


def test_a_trained_model_forgets(checkpoints: Trained, runs: list[Segment]) -> None:
    made = checkpoints('forward', 'lstm')
    used = [columns(run, made.settings) for run in runs[4:]]
    washout = measure_washout(made.model(), used)
    assert 1 <= washout < 200
    assert measure_washout(made.model(), used) == washout
