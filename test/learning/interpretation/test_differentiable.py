# SPDX-License-Identifier: Apache-2.0
"""Tests for differentiable.py: a model file in torch against onnxruntime."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from lstm_dynamics_ros.core.errors import ModelFileError, ShapeError
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.runtime.golden import encode
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
import numpy as np
from numpy.typing import NDArray
import onnx
from onnx import helper
import pytest
import torch

Array = NDArray[np.float32]
SHIPPED = sorted((Path(__file__).parents[3] / 'models').glob('*.onnx'))


def motion(loaded: LoadedModel, steps: int, batch: int) -> Array:
    """Return smooth observations as large as those of the training, shape (T, N, F)."""
    random = np.random.default_rng(0)
    ranges = [loaded.card.training_ranges[s.name] for s in loaded.card.features]
    size = np.array([r.std for r in ranges])
    mean = np.array([r.mean for r in ranges])
    phase = random.uniform(0, 6.28, (batch, len(ranges)))
    rate = random.uniform(2, 20, (batch, len(ranges)))
    time = loaded.card.dt * np.arange(steps)[:, None, None]
    result: Array = (mean + size * np.sin(rate * time + phase)).astype(np.float32)
    return result


def by_onnxruntime(loaded: LoadedModel, observations: Array) -> tuple[Array, tuple[Array, ...]]:
    step = OnnxStep(loaded, batch=observations.shape[1])
    predicted = []
    for row in observations:
        step.obs[:] = row
        predicted.append(step.step().copy())
    return np.array(predicted), step.state


@pytest.mark.parametrize('dtype', [torch.float64, torch.float32], ids=str)
@pytest.mark.parametrize('path', SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_model_predicts_what_onnxruntime_predicts(
    path: Path, dtype: torch.dtype
) -> None:
    loaded = load_model(path)
    observations = motion(loaded, 150, 3)
    model = DifferentiableModel(loaded, dtype=dtype)
    with torch.no_grad():
        predicted, state = model.sequence(model.tensor(observations), model.zero_state(3))
    expected, expected_state = by_onnxruntime(loaded, observations)
    spread = np.ptp(expected, axis=(0, 1))
    assert (np.abs(predicted.numpy() - expected) / spread).max() < 1e-4
    for part, wanted in zip(state, expected_state, strict=True):
        np.testing.assert_allclose(part.numpy(), wanted, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_the_gradient_through_time_is_that_of_finite_differences(
    cell: str, load: Callable[..., LoadedModel], textbook: Callable[..., object]
) -> None:
    arguments = {'cell': cell, 'kind': 'inverse', 'layers': 2}
    loaded = load(**arguments)
    equations = textbook(**arguments)
    model = DifferentiableModel(loaded)
    observations = torch.from_numpy(motion(loaded, 12, 1)).double().requires_grad_()
    predicted, _ = model.sequence(observations, model.zero_state(1))
    (gradient,) = torch.autograd.grad(predicted[-1, 0, 1], observations)

    def output(rows: NDArray[np.float64]) -> float:
        state = equations.zero(1)  # type: ignore[attr-defined]
        for row in rows:
            prediction, state = equations.step(row, state)  # type: ignore[attr-defined]
        return float(prediction[0, 1])

    rows = observations.detach().numpy()
    for step, feature in ((0, 0), (5, 2), (11, 1), (11, 3)):
        nudge = np.zeros_like(rows)
        nudge[step, 0, feature] = 1e-6
        slope = (output(rows + nudge) - output(rows - nudge)) / 2e-6
        assert gradient[step, 0, feature].item() == pytest.approx(slope, rel=1e-5)


def test_the_gradient_of_a_shipped_model_is_that_of_onnxruntime() -> None:
    loaded = load_model(next(path for path in SHIPPED if path.stem == 'pendulum_forward'))
    model = DifferentiableModel(loaded)
    observations = motion(loaded, 40, 1)
    variable = model.tensor(observations).requires_grad_()
    predicted, _ = model.sequence(variable, model.zero_state(1))
    (gradient,) = torch.autograd.grad(predicted[-1, 0, 2], variable)
    steps = np.full(6, 2e-2)
    for step, feature in ((39, 4), (39, 0), (30, 5), (20, 2)):
        nudge = np.zeros_like(observations)
        nudge[step, 0, feature] = steps[feature]
        above, below = observations + nudge, observations - nudge
        rise = (
            by_onnxruntime(loaded, above)[0][-1, 0, 2] - by_onnxruntime(loaded, below)[0][-1, 0, 2]
        )
        width = float(above[step, 0, feature] - below[step, 0, feature])
        got = float(gradient[step, 0, feature])
        assert got == pytest.approx(float(rise) / width, rel=0.02, abs=2e-5)


def test_every_recurrent_node_is_found_and_observed(load: Callable[..., LoadedModel]) -> None:
    loaded = load(layers=2)
    model = DifferentiableModel(loaded)
    obs = model.tensor(motion(loaded, 1, 3)[0])
    _, state, inside = model.observed_step(obs, model.zero_state(3))
    assert [node.kind for node in model.recurrent] == ['LSTM', 'LSTM']
    assert len(inside) == 2
    for layer, activity in enumerate(inside):
        torch.testing.assert_close(activity.hidden, state[0][layer])
        assert set(activity.gates) == {'input', 'output', 'forget'}
        assert activity.gates['forget'].shape == (3, 8)


def test_an_output_for_the_spread_is_returned_too(
    make_model: Callable[..., Path], model_factory: ModuleType, tmp_path: Path
) -> None:
    path = make_model(tmp_path / 'm.onnx')
    proto, card = onnx.load(path), load_model(path).card
    proto.graph.node.append(helper.make_node('Abs', ['push'], ['prediction_std']))
    proto.graph.output.append(
        helper.make_tensor_value_info('prediction_std', onnx.TensorProto.FLOAT, ['N', 6])
    )
    path.write_bytes(model_factory.sealed_bytes(proto, card))
    loaded = load_model(path)
    model = DifferentiableModel(loaded)
    outputs, _ = model.step(model.tensor(motion(loaded, 1, 2)[0]), model.zero_state(2))
    assert set(outputs) == {'prediction', 'prediction_std'}
    assert (outputs['prediction_std'] >= 0).all()


def test_an_operator_that_is_not_known_is_named_with_the_known_ones(
    make_model: Callable[..., Path], model_factory: ModuleType, tmp_path: Path
) -> None:
    path = make_model(tmp_path / 'm.onnx')
    proto, card = onnx.load(path), load_model(path).card
    proto.graph.node.append(helper.make_node('Selu', ['push'], ['unused'], name='odd'))
    path.write_bytes(model_factory.sealed_bytes(proto, card))
    with pytest.raises(
        ModelFileError, match=r'operator Selu .operator set 17. of the node odd .* Known: Abs'
    ):
        DifferentiableModel(load_model(path))


def test_a_file_that_changed_since_it_was_loaded_is_refused(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    path = make_model(tmp_path / 'm.onnx')
    loaded = load_model(path)
    make_model(path, seed=1)
    with pytest.raises(ModelFileError, match='not the file that was loaded'):
        DifferentiableModel(loaded)
    path.unlink()
    with pytest.raises(ModelFileError, match='can no longer be read'):
        DifferentiableModel(loaded)


def test_a_model_whose_recorded_run_does_not_come_out_is_refused(
    load: Callable[..., LoadedModel],
) -> None:
    loaded = load()
    golden = loaded.card.golden
    wrong = replace(golden, predictions=encode(np.ones((golden.steps, 6), np.float32)))
    changed = replace(loaded, card=replace(loaded.card, golden=wrong))
    with pytest.raises(ModelFileError, match='does not reproduce the recorded run'):
        DifferentiableModel(changed)


def test_observations_of_another_width_are_refused(load: Callable[..., LoadedModel]) -> None:
    model = DifferentiableModel(load())
    with pytest.raises(ShapeError, match='Observations'):
        model.step(torch.zeros(2, 5).double(), model.zero_state(2))
