# SPDX-License-Identifier: Apache-2.0
"""Every forecaster in the registry keeps the promises of the base class."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters import (
    CAUSAL,
    Forecaster,
    FORECASTERS,
    KNOWN_TORQUE,
    MODES,
)
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.forecasters.naive import ConstantVelocity, Persistence
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

HORIZONS = (1, 4, 10)
STARTS = np.array([30, 31, 77])


@pytest.fixture(params=sorted(FORECASTERS))
def forecaster(
    request: pytest.FixtureRequest, forward_model: LoadedModel, oscillators: list[Segment]
) -> Forecaster:
    makers: dict[str, Callable[[], Forecaster]] = {
        'model': lambda: ModelForecaster(forward_model),
        'ridge': lambda: fit_arx(oscillators, orders=(5,)),
        'persistence': Persistence,
        'constant_velocity': ConstantVelocity,
    }
    return makers[request.param]()


@pytest.mark.parametrize('mode', MODES)
def test_shapes_and_finiteness(
    forecaster: Forecaster, mode: str, oscillators: list[Segment]
) -> None:
    forecast = forecaster.forecast(oscillators[0], STARTS, HORIZONS, mode=mode)
    for kind in forecaster.kinds:
        assert forecast[kind].shape == (3, 3, 2)
        assert np.isfinite(forecast[kind]).all()


def after(segment: Segment, row: int, **changes: float) -> Segment:
    """Return the segment with other values after ``row``."""
    changed = {}
    for kind, value in changes.items():
        values = getattr(segment, kind).copy()
        values[row + 1 :] += value
        changed[kind] = values
    return replace(segment, **changed)


def test_a_causal_forecast_knows_nothing_after_its_start(
    forecaster: Forecaster, oscillators: list[Segment]
) -> None:
    segment, start = oscillators[0], np.array([60])
    future = after(segment, 60, position=1.0, velocity=2.0, effort=3.0)
    for candidate in forecaster.candidates(CAUSAL):
        forecast = candidate.forecast(segment, start, HORIZONS, mode=CAUSAL)
        again = candidate.forecast(future, start, HORIZONS, mode=CAUSAL)
        for kind, values in forecast.items():
            assert np.array_equal(values, again[kind])


def test_a_known_torque_forecast_knows_only_the_effort_before_its_target(
    forecaster: Forecaster, oscillators: list[Segment]
) -> None:
    segment, start = oscillators[0], np.array([60])
    future = after(segment, 60, position=1.0, velocity=2.0)
    future = after(future, 60 + max(HORIZONS) - 1, effort=5.0)
    forecast = forecaster.forecast(segment, start, HORIZONS, mode=KNOWN_TORQUE)
    again = forecaster.forecast(future, start, HORIZONS, mode=KNOWN_TORQUE)
    assert np.array_equal(forecast['position'], again['position'])
    assert np.array_equal(forecast['velocity'], again['velocity'])


def test_many_starts_give_what_each_gives_alone(
    forecaster: Forecaster, oscillators: list[Segment]
) -> None:
    together = forecaster.forecast(oscillators[1], STARTS, HORIZONS, mode=KNOWN_TORQUE)
    for i in range(3):
        alone = forecaster.forecast(oscillators[1], STARTS[i : i + 1], HORIZONS, mode=KNOWN_TORQUE)
        for kind in forecaster.kinds:
            np.testing.assert_allclose(together[kind][i], alone[kind][0], rtol=1e-5, atol=1e-6)


def test_the_last_row_can_be_forecast_one_past_the_end(
    forecaster: Forecaster, oscillators: list[Segment]
) -> None:
    segment = oscillators[0]
    last = np.array([len(segment) - 1])
    forecast = forecaster.forecast(segment, last, (1,), mode=KNOWN_TORQUE)
    assert np.isfinite(forecast['position']).all()


def test_an_unknown_mode_is_refused(forecaster: Forecaster, oscillators: list[Segment]) -> None:
    with pytest.raises(UnknownNameError, match="Unknown mode 'casual'"):
        forecaster.forecast(oscillators[0], STARTS, HORIZONS, mode='casual')


def test_starts_outside_the_segment_are_refused(
    forecaster: Forecaster, oscillators: list[Segment]
) -> None:
    beyond = np.array([len(oscillators[0])])
    with pytest.raises(ConfigError, match='Starts must lie in'):
        forecaster.forecast(oscillators[0], beyond, HORIZONS, mode=CAUSAL)
