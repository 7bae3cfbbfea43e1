# SPDX-License-Identifier: Apache-2.0
"""Tests of fading: its equation, and what it does to a model inside and outside the range."""

from copy import deepcopy

from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep, to_onnx
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.models.ensemble import Ensemble
from lstm_dynamics_ros.learning.models.fading import Fading
import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor

TYPES = ('revolute', 'continuous', 'prismatic')


def model_with(fade: float, kind: str = 'forward', cell: str = 'lstm') -> DynamicsModel:
    """Return a model with random weights, whose rest fades outside +-0.5 of all inputs."""
    torch.manual_seed(7)
    settings = training_settings(
        {
            'model_kind': kind,
            'cell': cell,
            'hidden_size': 8,
            'head_size': 6,
            'history_steps': 4,
            'ripple_limit': 0,
            'fade': fade,
        }
    )
    assert isinstance(settings, DynamicsSettings)
    model = DynamicsModel(settings, TYPES).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    if model.fading is not None:
        model.fading.low.fill_(-0.5)
        model.fading.high.fill_(0.5)
        model.fading.slope.uniform_(0.0, fade / 10)
    return model


def moving(model: DynamicsModel, steps: int = 30, rows: int = 2, size: float = 1.0) -> Tensor:
    """Return observations of smooth motion, shape (T, N, F)."""
    t = 0.05 * torch.arange(steps)[:, None, None] + torch.arange(rows)[:, None]
    return size * torch.sin((1 + 0.3 * torch.arange(model.n_features)) * t)


def linear_part(model: DynamicsModel) -> DynamicsModel:
    """Return the same model without its rest."""
    without = deepcopy(model)
    without.gain.zero_()
    return without


@torch.no_grad()
def test_each_output_fades_as_the_equation_says() -> None:
    model = model_with(2.0, 'inverse')
    fading = model.fading
    assert fading is not None
    rows, start = moving(model), model.zero_state(2)
    linear = linear_part(model).sequence(rows, start)[0].double().numpy()
    inputs = model.seen(rows).double().numpy()
    fading.slope.mul_(0.0)
    rest = model.sequence(rows, start)[0].double().numpy() - linear
    fading.slope.uniform_(0.0, 0.2)
    slope = fading.slope.double().numpy()
    for t, n in ((0, 0), (7, 1), (29, 0)):
        for j in range(model.n_targets):
            novelty = sum(
                slope[j, f] * max(0.0, x - 0.5, -0.5 - x) for f, x in enumerate(inputs[t, n])
            )
            expected = linear[t, n, j] + np.exp(-novelty) * rest[t, n, j]
            got = model.sequence(rows, start)[0][t, n, j]
            assert float(got) == pytest.approx(expected, abs=1e-6)
            assert novelty > 0


@torch.no_grad()
def test_inside_the_range_no_bit_is_other_than_without_fading() -> None:
    model, without = model_with(3.0), model_with(0.0)
    assert model.fading is not None
    rows = moving(model)
    seen = model.seen(rows).flatten(0, 1)
    model.fading.low.copy_(seen.amin(0))
    model.fading.high.copy_(seen.amax(0))
    start = model.zero_state(2)
    assert torch.equal(model.sequence(rows, start)[0], without.sequence(rows, start)[0])


@torch.no_grad()
def test_far_outside_the_prediction_is_that_of_the_linear_part() -> None:
    model, without = model_with(1000.0, 'inverse'), model_with(0.0, 'inverse')
    rows, start = moving(model, size=30.0), model.zero_state(2)
    linear = linear_part(model).sequence(rows, start)[0][1:]  # the first row is zero
    got = model.sequence(rows, start)[0][1:]
    torch.testing.assert_close(got, linear, rtol=1e-5, atol=1e-5)
    assert not torch.allclose(without.sequence(rows, start)[0][1:], linear, rtol=1e-3)


def test_a_wrist_that_never_matters_does_not_fade_the_shoulder() -> None:
    fading = Fading(2, 2)
    fading.low.fill_(-1.0)
    fading.high.fill_(1.0)
    fading.slope.copy_(torch.tensor([[3.0, 0.0], [0.5, 2.0]]))
    wrist_outside = fading(torch.tensor([[0.3, 40.0]]))
    assert wrist_outside[0, 0] == 1.0
    assert wrist_outside[0, 1] < 1e-30


@pytest.mark.parametrize('kind', ['forward', 'inverse'])
@torch.no_grad()
def test_steps_equal_the_sequence_and_the_exact_copy_where_it_fades(kind: str) -> None:
    model = model_with(3.0, kind)
    rows = moving(model)
    whole, _ = model.sequence(rows, model.zero_state(2))
    for stepped in (model, model.exact()):
        state = model.zero_state(2)
        for row, expected in zip(rows, whole, strict=True):
            prediction, state = stepped.step(row, state)
            torch.testing.assert_close(prediction, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize('members', [1, 2])
@torch.no_grad()
def test_onnxruntime_fades_alike(members: int) -> None:
    model = model_with(3.0, cell='gru')
    step = PackedStep(model if members == 1 else Ensemble([model, model_with(1.0, cell='gru')]))
    file = to_onnx(step).SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=['CPUExecutionProvider'])
    state = step.zero_state(2)
    for row in moving(model):
        feed = {f'{n}_in': part.numpy() for n, part in zip(step.state_names, state, strict=True)}
        prediction, *after = step(row, *state)
        got = session.run(['prediction'], {'obs': row.numpy(), **feed})[0]
        np.testing.assert_allclose(got, prediction.numpy(), rtol=0, atol=1e-6)
        state = tuple(after)


def test_sensitivity_is_what_a_lasting_shift_changes() -> None:
    model = model_with(1.0, 'inverse')
    rows = moving(model, 20, 1)
    found = model.sensitivity(rows)

    @torch.no_grad()
    def rest(shift: Tensor) -> Tensor:
        inputs = model.seen(rows) + shift
        hidden, _ = model.cell(inputs, model.cell.zero_state(1))
        head = model.head
        assert head is not None
        last = torch.cat([hidden[-1], inputs[-1, :, : model.width]], -1)
        change: Tensor = model.output(hidden[-1]) + head(last)
        return change[0]

    for f in (0, 3, found.shape[1] - 1):
        shift = torch.zeros(found.shape[1])
        shift[f] = 1e-2
        slope = (rest(shift) - rest(-shift)) / 2e-2
        torch.testing.assert_close(found[:, f], slope.abs(), rtol=1e-2, atol=1e-4)
