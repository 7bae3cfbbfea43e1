# SPDX-License-Identifier: Apache-2.0
"""The naive baselines."""

from collections.abc import Callable

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters import CAUSAL
from lstm_dynamics_ros.evaluation.forecasters.naive import ConstantVelocity, Persistence
from lstm_dynamics_ros.evaluation.scores.horizons import horizon_scores
import numpy as np
from numpy.testing import assert_allclose
import pytest


@pytest.mark.parametrize('horizon', [1, 10, 50])
def test_nmse_on_a_sinusoid_is_the_closed_form(
    make_segment: Callable[..., Segment], horizon: int
) -> None:
    """The mean of (sin(x + d) - sin x)^2 over the variance 1/2 is 2 (1 - cos d)."""
    period, periods = 200, 40
    phase = 2 * np.pi * np.arange(period * periods + horizon + 1) / period
    wave = np.sin(phase)[:, None]
    run = make_segment(wave, np.cos(phase)[:, None])
    scores = horizon_scores([Persistence()], [run], mode=CAUSAL, horizons=(horizon,), stride=1)
    expected = 2 * (1 - np.cos(2 * np.pi * horizon / period))
    assert_allclose(scores.entries['position', horizon, 'persistence'].nmse, expected, rtol=1e-3)
    assert_allclose(scores.entries['velocity', horizon, 'persistence'].nmse, expected, rtol=1e-3)


def test_a_ramp_is_forecast_exactly(make_segment: Callable[..., Segment]) -> None:
    dt, speed = 0.005, np.array([0.7, -1.3])
    ramp = 0.1 + speed * dt * np.arange(100)[:, None]
    run = make_segment(ramp, np.broadcast_to(speed, ramp.shape), dt=dt)
    starts = np.array([0, 20, 49])
    forecast = ConstantVelocity().forecast(run, starts, (1, 10, 50), mode=CAUSAL)
    assert_allclose(forecast['position'], ramp[starts[:, None] + [1, 10, 50]], atol=1e-12)
    assert_allclose(forecast['velocity'], np.broadcast_to(speed, (3, 3, 2)))


def test_an_acceleration_is_missed_by_half_a_t_squared(
    make_segment: Callable[..., Segment],
) -> None:
    dt, t = 0.01, 0.01 * np.arange(100)[:, None]
    run = make_segment(0.5 * 3.0 * t**2, 3.0 * t, dt=dt)
    forecast = ConstantVelocity().forecast(run, np.array([30]), (20,), mode=CAUSAL)
    assert_allclose(run.position[50] - forecast['position'][0, 0], 0.5 * 3.0 * (20 * dt) ** 2)
