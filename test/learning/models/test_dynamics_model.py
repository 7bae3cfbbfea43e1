# SPDX-License-Identifier: Apache-2.0
"""Tests of the model: its equations, and that steps and sequences are the same thing."""

import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.cells import CELLS
from lstm_dynamics_ros.learning.export.onnx_graph import PackedStep, to_onnx
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.families.dynamics import DynamicsSettings
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.base import ModelState
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.epochs import train
import numpy as np
from numpy.typing import NDArray
import onnxruntime
import pytest
import torch

Floats = NDArray[np.float64]
TYPES = ('revolute', 'continuous', 'prismatic')


def random_model(types: tuple[str, ...] = TYPES, **settings: Any) -> DynamicsModel:  # noqa: ANN401
    """Return a model with random weights and normalisation."""
    torch.manual_seed(7)
    own = training_settings({'hidden_size': 12} | settings)
    assert isinstance(own, DynamicsSettings)
    model = DynamicsModel(own, types)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    circular = model.wraps > 0.5
    model.mean.normal_().masked_fill_(circular, 0.0)
    model.inverse_std.uniform_(0.5, 2.0).masked_fill_(circular, 0.0)
    model.target_mean.normal_(std=0.01)
    model.target_std.uniform_(0.01, 0.1)
    model.gain.uniform_(0.1, 1.0)
    if model.ripples:
        model.ripple.copy_(torch.tensor([0.0, 7.0][: len(model.ripple)]))
    return model.eval()


def sigmoid(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


def textbook(model: DynamicsModel, cell: str, rows: Floats) -> Floats:
    """Return the predictions of a model without delay line, in numpy and double precision."""
    w = {name: part.double().numpy() for name, part in model.state_dict().items()}
    h, c = np.zeros(model.cell.hidden_size), np.zeros(model.cell.hidden_size)
    out = []
    for row in rows:
        angles = row[model.angles]
        waves = angles * w['ripple']
        found = w['ripple'] > 0
        seen = (row - w['mean']) * w['inverse_std']
        now = np.concatenate(
            [
                seen[model.values],
                np.sin(angles),
                np.cos(angles),
                np.sin(waves) * found,
                np.cos(waves) * found,
            ]
        )
        if model.payload is not None:  # position velocity acceleration disturbance m hx hy hz past
            blocks = row.reshape(-1, model.n_joints)
            disturbance, per_mass, past = blocks[3], blocks[4:8], blocks[8]
            s2 = w['target_std'] ** 2
            mass = (disturbance * past / s2).sum() / ((past * past / s2).sum() + 0.01)
            now = np.concatenate([now, [mass], mass * per_mass[0] / w['target_std']])
        linear = w['linear.weight'] @ now + w['linear.bias']
        x = np.clip(np.concatenate([now, linear]), -20, 20)
        own = {k.removeprefix('cell.layers.'): v for k, v in w.items() if k.startswith('cell.')}
        seen = own['weight_ih_l0'] @ x + own['bias_ih_l0']
        kept = own['weight_hh_l0'] @ h + own['bias_hh_l0']
        if cell == 'lstm':
            i, f, g, o = np.split(seen + kept, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
        else:
            (r1, z1, n1), (r2, z2, n2) = np.split(seen, 3), np.split(kept, 3)
            z = sigmoid(z1 + z2)
            h = (1 - z) * np.tanh(n1 + sigmoid(r1 + r2) * n2) + z * h
        change = w['output.weight'] @ h + w['output.bias']
        inner = np.tanh(w['head.0.weight'] @ np.concatenate([h, now]) + w['head.0.bias'])
        change += w['head.2.weight'] @ inner + w['head.2.bias']
        change = w['target_mean'] + w['target_std'] * (linear + w['gain'] * change)
        if model.payload is not None:
            change += (w['weigh.weight'] @ h + w['weigh.bias']) @ per_mass
        out.append(row[: model.n_targets] + change if model.forward_kind else change)
    return np.array(out)


PAYLOAD = ('position', 'velocity', 'acceleration', 'disturbance', 'payload')
"""Features of a model with a payload."""


@pytest.mark.parametrize(
    ('kind', 'features'), [('forward', ()), ('inverse', ()), ('residual_inverse', PAYLOAD)]
)
@pytest.mark.parametrize('cell', sorted(CELLS))
@torch.no_grad()
def test_torch_onnxruntime_and_the_equations_in_numpy_agree_over_500_steps(
    cell: str, kind: str, features: tuple[str, ...]
) -> None:
    if cell not in {'lstm', 'gru'}:
        pytest.skip('the equations of this cell are tested in its own file')
    model = random_model(cell=cell, model_kind=kind, features=features, history_steps=1)
    t = 0.005 * torch.arange(500).unsqueeze(1)
    rows = torch.sin((1 + torch.arange(model.n_features)) * t) + 0.01 * torch.randn(
        500, model.n_features
    )
    if model.payload is not None:
        rows[:, -3:] += 3.0  # where a payload weighs nothing its mass is anybody's guess
        model.target_std *= 20.0  # and efforts are as large as those of the payload
    expected = textbook(model, cell, rows.double().numpy())
    size = np.ptp(expected, axis=0)
    got, _ = model.sequence(rows.unsqueeze(1), model.zero_state(1))
    assert (np.abs(got[:, 0].numpy() - expected) < 1e-5 * size).all()
    step = PackedStep(model)
    session = onnxruntime.InferenceSession(
        to_onnx(step).SerializeToString(), providers=['CPUExecutionProvider']
    )
    state = [part.numpy() for part in step.zero_state(1)]
    for row, wanted in zip(rows, expected, strict=True):
        feed = {f'{n}_in': part for n, part in zip(step.state_names, state, strict=True)}
        prediction, *state = session.run(None, {'obs': row[None].numpy(), **feed})
        assert (np.abs(prediction[0] - wanted) < 1e-5 * size).all()


@pytest.mark.parametrize('history', [1, 2, 20])
@pytest.mark.parametrize('kind', ['forward', 'inverse'])
@torch.no_grad()
def test_steps_one_by_one_equal_the_sequence(kind: str, history: int) -> None:
    model = random_model(model_kind=kind, history_steps=history)
    rows = torch.randn(40, 3, model.n_features)
    whole, end = model.sequence(rows, model.zero_state(3))
    state = model.zero_state(3)
    for row, expected in zip(rows, whole, strict=True):
        prediction, state = model.step(row, state)
        torch.testing.assert_close(prediction, expected, rtol=0, atol=1e-4)
    for part, last in zip(state.cell, end.cell, strict=True):
        torch.testing.assert_close(part, last, rtol=0, atol=1e-4)


@torch.no_grad()
def test_states_on_the_way_are_those_of_a_shorter_sequence() -> None:
    model = random_model()
    rows = torch.randn(30, 2, 9)
    predictions, states = model.branches(rows, model.zero_state(2), [4, 17], skip=10)
    whole, _ = model.sequence(rows, model.zero_state(2))
    torch.testing.assert_close(predictions, whole[10:], rtol=0, atol=1e-5)
    for position, state in zip([4, 17], states, strict=True):
        _, expected = model.sequence(rows[: position + 1], model.zero_state(2))
        assert_states_close(state, expected)


def assert_states_close(state: ModelState, expected: ModelState) -> None:
    for part, other in zip(state.cell, expected.cell, strict=True):
        torch.testing.assert_close(part, other, rtol=0, atol=1e-5)
    assert state.line is not None
    assert expected.line is not None
    torch.testing.assert_close(state.line.rows, expected.line.rows, rtol=0, atol=0)


@torch.no_grad()
def test_a_turn_of_a_continuous_joint_changes_nothing_but_the_angle() -> None:
    model = random_model(ripple_limit=0)
    rows = 0.3 * torch.randn(40, 1, 9)
    turned = rows.clone()
    turned[20:, :, 1] += 2 * math.pi
    a, _ = model.sequence(rows, model.zero_state(1))
    b, _ = model.sequence(turned, model.zero_state(1))
    b[20:, :, 1] -= 2 * math.pi
    torch.testing.assert_close(a, b, rtol=0, atol=2e-5)


@torch.no_grad()
def test_the_exact_copy_predicts_the_same() -> None:
    model = random_model()
    rows = torch.randn(30, 1, 9)
    a, b = model.zero_state(1), model.zero_state(1)
    exact = model.exact()
    for row in rows:
        one, a = model.step(row, a)
        two, b = exact.step(row, b)
        assert two.dtype == torch.float32
        torch.testing.assert_close(one, two, rtol=0, atol=1e-4)
    assert model.mean.dtype == torch.float32


@torch.no_grad()
def test_a_payload_is_found_from_what_it_cost() -> None:
    model = random_model(
        ('revolute', 'revolute'), model_kind='residual_inverse', features=PAYLOAD, history_steps=1
    )
    rows = torch.randn(5, model.n_features)
    rows[:, 16:] *= 5.0
    rows[:, 6:8] = 2.0 * rows[:, 16:18]  # 2 kg take twice the effort of 1 kg
    mass = model.features(rows)[:, -3]
    torch.testing.assert_close(mass, torch.full((5,), 2.0), rtol=1e-3, atol=0.0)


def test_errors_of_continuous_joints_are_taken_the_short_way() -> None:
    model = random_model()
    prediction, target = torch.zeros(1, 9), torch.zeros(1, 9)
    prediction[0, :3] = torch.tensor([3.1, 3.1, 3.1])
    target[0, :3] = torch.tensor([-3.1, -3.1, -3.1])
    error = model.error(prediction, target)[0, :3]
    expected = torch.tensor([6.2, 6.2 - 2 * math.pi, 6.2])
    torch.testing.assert_close(error, expected, rtol=0, atol=1e-6)


def test_a_new_model_starts_without_a_recurrent_part() -> None:
    model = DynamicsModel(ForwardSettings(hidden_size=8), TYPES)
    torch.nn.init.zeros_(model.linear.weight)
    torch.nn.init.zeros_(model.linear.bias)
    row = torch.randn(2, 9)
    prediction, _ = model.step(row, model.zero_state(2))
    torch.testing.assert_close(prediction, row, rtol=0, atol=0)


def test_a_robot_of_sliders_needs_no_sine() -> None:
    model = random_model(('prismatic', 'prismatic'))
    assert model.linear.in_features == 6
    prediction, _ = model.step(torch.randn(1, 6), model.zero_state(1))
    assert torch.isfinite(prediction).all()


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
