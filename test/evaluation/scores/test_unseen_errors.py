# SPDX-License-Identifier: Apache-2.0
"""Tests for unseen_errors.py, against the forecasters and the online score."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.base import CAUSAL, KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster, observations
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.evaluation.scores.unseen_errors import INVERSE, unseen_errors, usual_mode
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.novelty import Novelty
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
import pytest

HORIZONS = (1, 4, 7)


@pytest.fixture(scope='module')
def ensemble(load: Callable[..., LoadedModel]) -> LoadedModel:
    """A forward model of two joints whose members spread; washout 5, dt 10 ms."""
    usual = {'position': [1e-5, 1e-5], 'velocity': [1e-3, 1e-3], 'effort': [0.1, 0.1]}
    return load(dt=0.01, members=3, spread=usual)


@pytest.fixture(scope='module')
def run(oscillators: list[Segment]) -> Segment:
    return oscillators[0].rows(0, 120)


@pytest.mark.parametrize('mode', [KNOWN_TORQUE, CAUSAL])
def test_errors_are_those_of_the_forecaster(
    ensemble: LoadedModel, run: Segment, mode: str
) -> None:
    unseen = unseen_errors(ensemble, [run], horizons=HORIZONS, stride=3, mode=mode)
    starts = unseen.by_horizon[1][0].made
    predicted = ModelForecaster(ensemble).forecast(run, starts, HORIZONS, mode=mode)
    for number, horizon in enumerate(HORIZONS):
        (part,) = unseen.by_horizon[horizon]
        assert_array_equal(part.due, starts + horizon)
        for column, kind in enumerate(('position', 'velocity', 'effort')):
            error = getattr(run, kind)[part.due] - predicted[kind][:, number]
            assert_allclose(part.errors[:, 2 * column : 2 * column + 2], error, atol=1e-9)


def test_the_score_goes_on_along_the_free_run(ensemble: LoadedModel, run: Segment) -> None:
    unseen = unseen_errors(ensemble, [run], horizons=(5,), stride=10, mode=CAUSAL)
    (part,) = unseen.by_horizon[5]
    rows = observations(run, ensemble.card)
    for number, start in enumerate(part.made):
        step, novelty = OnnxStep(ensemble), Novelty(ensemble.card)
        for row in rows[: start + 1]:
            step.obs[0] = row
            step.step()
            novelty.update(step.obs, step.spread)
        for _ in range(4):  # the model predicts all that it is fed
            step.obs[0] = step.prediction[0]
            step.step()
            novelty.update(step.obs, step.spread)
        assert_allclose(part.scores[number], novelty.per_target[0], rtol=1e-4)
        assert_allclose(part.overall[number], novelty.value[0], rtol=1e-4)


def test_errors_of_an_inverse_model_are_those_of_its_effort(
    inverse_model: LoadedModel, run: Segment
) -> None:
    unseen = unseen_errors(inverse_model, [run])
    assert unseen.mode == INVERSE
    (part,) = unseen.by_horizon[0]
    predicted = predict_effort(inverse_model, run)
    assert part.made[0] >= inverse_model.card.washout_steps
    assert_array_equal(part.made, part.due)
    assert_allclose(part.errors, (run.effort - predicted)[part.due])


def test_rows_that_the_model_cannot_see_are_not_compared(
    inverse_model: LoadedModel, run: Segment
) -> None:
    velocity = run.velocity.copy()
    velocity[50] = np.nan
    (part,) = unseen_errors(inverse_model, [replace(run, velocity=velocity)]).by_horizon[0]
    assert 50 not in part.made
    assert np.isfinite(part.errors).all()


def test_recordings_without_effort_cannot_be_compared(
    inverse_model: LoadedModel, run: Segment
) -> None:
    silent = replace(run, effort=np.full_like(run.effort, np.nan))
    with pytest.raises(DataError, match='No row of these recordings'):
        unseen_errors(inverse_model, [silent])


def test_a_continuous_joint_errs_the_short_way_round(ensemble: LoadedModel, run: Segment) -> None:
    turned = replace(
        run,
        joint_types=('continuous', 'revolute'),
        position=run.position + np.array([2 * np.pi, 0.0]),
    )
    (part,) = unseen_errors(ensemble, [turned], horizons=(1,)).by_horizon[1]
    assert np.abs(part.errors[:, 0]).max() <= np.pi


def test_bridged_rows_are_not_compared(ensemble: LoadedModel, run: Segment) -> None:
    filled = np.zeros(len(run), bool)
    filled[60] = True
    (part,) = unseen_errors(ensemble, [replace(run, filled=filled)], horizons=(2,)).by_horizon[2]
    past = ensemble.card.washout_steps
    assert not ((part.made - past <= 60) & (part.due >= 60)).any()
    assert (part.made > 60).any()


def test_forecasts_know_what_the_bounds_of_the_card_are_of(ensemble: LoadedModel) -> None:
    card = ensemble.card
    assert usual_mode(card) == KNOWN_TORQUE
    assert usual_mode(replace(card, provenance={'conformal_effort': 'causal'})) == CAUSAL


def test_what_cannot_be_run_is_refused(
    ensemble: LoadedModel, load: Callable[..., LoadedModel], run: Segment
) -> None:
    with pytest.raises(ConfigError, match='horizons >= 1'):
        unseen_errors(ensemble, [run], horizons=(0,))
    residual = load(kind='residual_inverse', dt=0.01)
    with pytest.raises(ConfigError, match='give that prior'):
        unseen_errors(residual, [run])
    motion = load(kind='motion', dt=0.01)
    with pytest.raises(ConfigError, match='gets the disturbance'):
        unseen_errors(motion, [run])
