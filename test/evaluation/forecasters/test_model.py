# SPDX-License-Identifier: Apache-2.0
"""The model in free run against its equations in numpy."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, DataError, JointNamesError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters import CAUSAL, KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
from numpy.testing import assert_allclose
import pytest


@pytest.mark.parametrize('mode', [KNOWN_TORQUE, CAUSAL])
@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_it_agrees_with_the_equations_in_numpy(
    cell: str,
    mode: str,
    load: Callable[..., LoadedModel],
    textbook: Callable[..., Any],
    oscillators: list[Segment],
) -> None:
    loaded = load(cell=cell, layers=2, dt=0.01)
    equations = textbook(cell=cell, layers=2, dt=0.01)
    segment, starts, horizons = oscillators[0], np.array([12, 40]), (1, 3, 25)
    forecast = ModelForecaster(loaded).forecast(segment, starts, horizons, mode=mode)
    rows = np.hstack([segment.position, segment.velocity, segment.effort])
    for i, start in enumerate(starts):
        state = equations.zero(1)
        for row in rows[:start]:
            _, state = equations.step(row[None], state)
        obs = rows[start][None]
        for k in range(1, 26):
            obs, state = equations.step(obs, state)
            if k in horizons:
                where = horizons.index(k)
                assert_allclose(forecast['position'][i, where], obs[0, :2], rtol=1e-4, atol=1e-5)
                assert_allclose(forecast['velocity'][i, where], obs[0, 2:4], rtol=1e-4, atol=1e-5)
            if mode == KNOWN_TORQUE:
                obs = np.hstack([obs[:, :4], segment.effort[start + k][None]])


def test_without_a_predicted_effort_the_last_is_held(
    make_model: Callable[..., Path], oscillators: list[Segment], tmp_path: Path
) -> None:
    path = make_model(tmp_path / 'm.onnx', dt=0.01, with_effort_target=False)
    model = ModelForecaster(load_model(path))
    assert model.effort_source == 'held'
    segment, start = oscillators[0], np.array([40])
    effort = segment.effort.copy()
    effort[41:] = effort[40]
    causal = model.forecast(segment, start, (20,), mode=CAUSAL)
    forecast = model.forecast(replace(segment, effort=effort), start, (20,), mode=KNOWN_TORQUE)
    assert_allclose(causal['velocity'], forecast['velocity'], rtol=1e-6)


def test_a_missing_row_makes_it_start_afresh(
    forward_model: LoadedModel, oscillators: list[Segment]
) -> None:
    segment = oscillators[0]
    position = segment.position.copy()
    position[100] = np.nan
    broken = replace(segment, position=position)
    model = ModelForecaster(forward_model)
    forecast = model.forecast(broken, np.array([140]), (1,), mode=CAUSAL)
    cut = model.forecast(segment.rows(101, 200), np.array([39]), (1,), mode=CAUSAL)
    assert_allclose(forecast['position'], cut['position'], rtol=1e-6)


def test_its_past_is_the_washout(forward_model: LoadedModel) -> None:
    assert ModelForecaster(forward_model).lookback_steps == 6


def test_an_inverse_model_is_refused(inverse_model: LoadedModel) -> None:
    with pytest.raises(ConfigError, match='Only a forward model forecasts'):
        ModelForecaster(inverse_model)


def test_a_missing_signal_is_named(
    forward_model: LoadedModel, make_segment: Callable[..., Segment]
) -> None:
    rows = np.zeros((30, 2))
    run = make_segment(rows, rows, np.full_like(rows, np.nan), dt=0.01)
    with pytest.raises(DataError, match='needs effort, which run does not hold'):
        ModelForecaster(forward_model).forecast(run, np.array([9]), (1,), mode=CAUSAL)


def test_other_joints_are_refused(forward_model: LoadedModel, oscillators: list[Segment]) -> None:
    other = replace(oscillators[0], joint_names=('shoulder', 'elbow'))
    with pytest.raises(JointNamesError):
        ModelForecaster(forward_model).forecast(other, np.array([9]), (1,), mode=CAUSAL)
