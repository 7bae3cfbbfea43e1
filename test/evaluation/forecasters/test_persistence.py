# SPDX-License-Identifier: Apache-2.0
"""Persistence against its closed form."""

from collections.abc import Callable

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters import CAUSAL
from lstm_dynamics_ros.evaluation.forecasters.persistence import Persistence
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
    assert_allclose(scores.cells['position', horizon, 'persistence'].nmse, expected, rtol=1e-3)
    assert_allclose(scores.cells['velocity', horizon, 'persistence'].nmse, expected, rtol=1e-3)
