# SPDX-License-Identifier: Apache-2.0
"""The ARX on systems that it describes exactly."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters import CAUSAL, KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import RidgeArx
import numpy as np
from numpy.testing import assert_allclose
import pytest

HORIZONS = (1, 10, 50)
STARTS = np.arange(30, 600, 7)


@pytest.fixture(scope='module')
def exact(oscillators: list[Segment]) -> RidgeArx:
    # Rows of a noiseless linear system repeat each other: with more of them than its order the
    # equations are singular, and the last bits of the processor decide.
    return fit_arx(oscillators[:3], strengths=(1e-14,), orders=(3,), positions=(True,))


def test_a_linear_system_is_forecast_exactly(exact: RidgeArx, oscillators: list[Segment]) -> None:
    unseen = oscillators[3]
    forecast = exact.forecast(unseen, STARTS, HORIZONS, mode=KNOWN_TORQUE)
    at = STARTS[:, None] + np.array(HORIZONS)
    assert_allclose(forecast['position'], unseen.position[at], atol=1e-6)
    assert_allclose(forecast['velocity'], unseen.velocity[at], atol=1e-6)


def test_its_own_effort_serves_as_well_where_effort_is_autoregressive(
    exact: RidgeArx, oscillators: list[Segment]
) -> None:
    unseen = oscillators[3]
    held, predicted = exact.candidates(CAUSAL)
    assert (held.effort_source, predicted.effort_source) == ('held', 'predicted')
    at = STARTS[:, None] + np.array(HORIZONS)
    forecast = predicted.forecast(unseen, STARTS, HORIZONS, mode=CAUSAL)
    assert_allclose(forecast['position'], unseen.position[at], atol=1e-6)
    assert_allclose(forecast['effort'], unseen.effort[at], atol=1e-6)
    worse = held.forecast(unseen, STARTS, HORIZONS, mode=CAUSAL)
    assert np.abs(worse['position'] - unseen.position[at])[:, -1].max() > 1e-2


def test_saved_weights_forecast_the_same(
    exact: RidgeArx, oscillators: list[Segment], tmp_path: Path
) -> None:
    exact.save(tmp_path / 'ridge.npz')
    loaded = RidgeArx.load(tmp_path / 'ridge.npz')
    forecast = exact.forecast(oscillators[3], STARTS, HORIZONS, mode=KNOWN_TORQUE)
    again = loaded.forecast(oscillators[3], STARTS, HORIZONS, mode=KNOWN_TORQUE)
    assert np.array_equal(forecast['velocity'], again['velocity'])
    assert loaded.weights.strength == 1e-14
    assert [file.name for file in tmp_path.iterdir()] == ['ridge.npz']


def test_a_foreign_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'ridge.npz').write_bytes(b'no archive')
    with pytest.raises(DataError, match='holds no ridge weights'):
        RidgeArx.load(tmp_path / 'ridge.npz')


def test_a_run_that_leaves_its_bounds_is_infinite(
    exact: RidgeArx, oscillators: list[Segment]
) -> None:
    wild = RidgeArx(replace(exact.weights, matrix=3.0 * exact.weights.matrix + 0.5))
    forecast = wild.forecast(oscillators[3], np.array([30]), (600,), mode=CAUSAL)
    assert np.isposinf(forecast['position']).all()


def test_other_joints_are_refused(exact: RidgeArx, oscillators: list[Segment]) -> None:
    other = replace(oscillators[3], joint_names=('shoulder', 'elbow'))
    with pytest.raises(JointNamesError, match='joint1'):
        exact.forecast(other, STARTS, HORIZONS, mode=CAUSAL)


def test_another_time_grid_is_refused(exact: RidgeArx, oscillators: list[Segment]) -> None:
    with pytest.raises(DataError, match=r'fitted at dt 0.01 s, got 0.02 s'):
        exact.forecast(replace(oscillators[3], dt=0.02), STARTS, HORIZONS, mode=CAUSAL)


def test_a_full_turn_of_a_continuous_joint_is_no_jump(
    make_segment: Callable[..., Segment],
) -> None:
    turn = 0.05 * np.arange(2000)[:, None]
    wrapped = (turn + np.pi) % (2 * np.pi) - np.pi
    speed = np.full_like(turn, 10.0)
    runs = [
        make_segment(
            np.roll(wrapped, 100 * i)[200:],
            speed[200:],
            joint_types=('continuous',),
            name=f'run{i}',
        )
        for i in range(3)
    ]
    forecast = fit_arx(runs, orders=(2,)).forecast(runs[0], STARTS, (50,), mode=CAUSAL)
    off = forecast['position'][:, 0] - runs[0].position[STARTS + 50]
    assert_allclose((off + np.pi) % (2 * np.pi) - np.pi, 0.0, atol=1e-9)
