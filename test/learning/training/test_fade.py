# SPDX-License-Identifier: Apache-2.0
"""Tests of what fading learns of the training data, and that a model with it can be exported."""

from pathlib import Path
from typing import Any

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.interpretation.differentiable import DifferentiableModel
from lstm_dynamics_ros.learning.members import Member
from lstm_dynamics_ros.learning.models.dynamics_model import DynamicsModel
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.learning.training.fade import learn_matter
from lstm_dynamics_ros.learning.training.validation import errors_on
from lstm_dynamics_ros.runtime.model_file import load_model
import pytest
import torch


@pytest.fixture(scope='module')
def trained(
    runs: list[Segment], small: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Checkpoint:
    folder = tmp_path_factory.mktemp('faded')
    return train(runs[:4], runs[4:], ForwardSettings(**small, fade=1.0), folder=folder)


def model_of(checkpoint: Checkpoint) -> DynamicsModel:
    model = checkpoint.model()
    assert isinstance(model, DynamicsModel)
    return model


@torch.no_grad()
def test_nothing_fades_on_the_training_data(trained: Checkpoint, runs: list[Segment]) -> None:
    model = model_of(trained)
    assert model.fading is not None
    assert (model.fading.slope.sum(1) > 0).all()
    for run in runs[:4]:
        seen = model.seen(columns(run, trained.settings).observations.unsqueeze(1))
        assert (model.fading(seen) == 1.0).all()


@torch.no_grad()
def test_the_held_out_error_is_that_of_the_model_that_fades(
    trained: Checkpoint, runs: list[Segment]
) -> None:
    model = model_of(trained)
    assert model.fading is not None
    held = [columns(run, trained.settings) for run in runs[4:]]
    best = min(item['error'] for item in trained.history)
    assert trained.best_error == best
    faded = errors_on(model, held, trained.settings).one_step
    model.fading.slope.zero_()
    assert not torch.equal(errors_on(model, held, trained.settings).one_step, faded)


def test_what_matters_is_measured_against_what_usually_changes_the_rest(
    trained: Checkpoint, runs: list[Segment]
) -> None:
    model = model_of(trained)
    fading = model.fading
    assert fading is not None
    rows = columns(runs[0], trained.settings).observations[:60].unsqueeze(1)
    learn_matter(model, fading, rows, 2.5)
    matter = model.sensitivity(rows)
    one_std = matter * fading.std  # change of the rest if each input shifts by its deviation
    usual = one_std.square().sum(1).sqrt()
    for f in (0, 7):
        fading.low.copy_(fading.high.zero_())
        shifted = torch.zeros(len(fading.std))
        shifted[f] = -0.5 * fading.std[f]
        expected = torch.exp(-2.5 * 0.5 * one_std[:, f] / usual)
        torch.testing.assert_close(fading(shifted), expected)


def test_a_model_trained_further_keeps_its_range_and_widens_it(
    trained: Checkpoint, runs: list[Segment], small: dict[str, Any], tmp_path: Path
) -> None:
    settings = ForwardSettings(**small | {'max_epochs': 1}, fade=1.0)
    further = model_of(train(runs[4:5], runs[5:], settings, folder=tmp_path, init=trained))
    before = model_of(trained)
    assert before.fading is not None
    assert further.fading is not None
    assert (further.fading.low <= before.fading.low).all()
    assert (further.fading.high >= before.fading.high).all()
    assert torch.equal(further.fading.std, before.fading.std)


def test_a_model_that_fades_is_proven_at_export_and_can_be_explained(
    trained: Checkpoint, runs: list[Segment], tmp_path: Path
) -> None:
    export([Member(trained, runs[4:])], tmp_path / 'model.onnx')
    model = DifferentiableModel(load_model(tmp_path / 'model.onnx'))
    rows = 3.0 * columns(runs[4], trained.settings).observations[:40].unsqueeze(1)
    variable = model.tensor(rows.numpy()).requires_grad_()
    predicted, _ = model.sequence(variable, model.zero_state(1))
    own, _ = trained.model().sequence(rows, trained.model().zero_state(1))
    torch.testing.assert_close(predicted.detach().float(), own, rtol=1e-4, atol=1e-4)
    (gradient,) = torch.autograd.grad(predicted[-1].sum(), variable)
    assert torch.isfinite(gradient).all()
