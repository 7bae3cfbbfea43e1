# SPDX-License-Identifier: Apache-2.0
"""Thinned and averaged curves keep what matters."""

from collections.abc import Callable

from lstm_dynamics_ros.evaluation.reports.plots import busiest_window, envelope, running_rms
from lstm_dynamics_ros.evaluation.reports.replay_result import ReplayResult
import numpy as np
from numpy.testing import assert_allclose


def test_a_short_curve_stays_as_it_is() -> None:
    time, values = np.arange(10.0), np.arange(10.0) ** 2
    assert envelope(time, values)[1] is values


def test_the_envelope_of_a_long_curve_keeps_its_peaks() -> None:
    values = np.sin(np.arange(100_000) / 50)
    values[54_321] = 7.0
    time, thin = envelope(np.arange(100_000.0), values)
    assert len(time) == len(thin) <= 3000
    assert thin.max() == 7.0
    assert_allclose(thin.min(), -1.0, atol=1e-3)


def test_a_stretch_of_nothing_stays_empty() -> None:
    values = np.ones(10_000)
    values[2_000:4_000] = np.nan
    assert 500 < np.isnan(envelope(np.arange(10_000.0), values)[1]).sum() < 700


def test_the_running_rms_by_hand() -> None:
    assert_allclose(
        running_rms(np.array([3.0, 4.0, 0.0, np.nan, 1.0, 1.0]), 2),
        [np.nan, np.sqrt(12.5), np.sqrt(8.0), np.nan, np.nan, 1.0],
    )


def test_the_window_is_where_the_joints_move(
    make_replay: Callable[..., ReplayResult],
) -> None:
    replay = make_replay(busy=slice(600, 800))
    window = busiest_window(replay)
    assert window.stop - window.start == 200
    assert abs(window.start - 600) <= 2
