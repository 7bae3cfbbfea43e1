# SPDX-License-Identifier: Apache-2.0
"""The fit against least squares on the raw window."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.fit_arx import fit_arx
from lstm_dynamics_ros.evaluation.forecasters.ridge_arx import channels
import numpy as np
from numpy.testing import assert_allclose
import pytest


def test_without_penalty_it_is_least_squares_on_the_raw_window(
    make_segment: Callable[..., Segment],
) -> None:
    rng = np.random.default_rng(1)
    runs = [
        make_segment(*np.cumsum(rng.normal(size=(3, 400, 1)), axis=1), name=f'run{i}')
        for i in range(3)
    ]
    weights = fit_arx(runs, order=3, strengths=(1e-13,)).weights
    x, y = [], []
    for run in runs:
        rows = channels(run)
        x.append(np.hstack([rows[:-3], rows[1:-2], rows[2:-1], np.ones((397, 1))]))
        y.append(rows[3:] - rows[2:-1])
    expected = np.linalg.lstsq(np.vstack(x), np.vstack(y), rcond=None)[0]
    assert_allclose(np.vstack([weights.matrix, weights.offset]), expected, atol=1e-8)


def test_noise_calls_for_a_stronger_penalty(oscillators: list[Segment]) -> None:
    rng = np.random.default_rng(0)
    noisy = [
        replace(
            run.rows(0, 200),
            position=run.position[:200] + 0.3 * rng.normal(size=(200, 2)),
            velocity=run.velocity[:200] + 3.0 * rng.normal(size=(200, 2)),
            effort=run.effort[:200] + 0.3 * rng.normal(size=(200, 2)),
        )
        for run in oscillators
    ]
    assert fit_arx(noisy).weights.strength > 100 * fit_arx(oscillators).weights.strength


def test_a_gap_of_nan_is_stepped_over(oscillators: list[Segment]) -> None:
    effort = oscillators[0].effort.copy()
    effort[100:110] = np.nan
    runs = [replace(oscillators[0], effort=effort), *oscillators[1:]]
    whole, holed = fit_arx(oscillators, order=2), fit_arx(runs, order=2)
    assert np.isfinite(holed.weights.matrix).all()
    assert_allclose(holed.weights.upper, whole.weights.upper, rtol=0.1)


def test_data_without_effort_is_refused(make_segment: Callable[..., Segment]) -> None:
    rows = np.zeros((300, 2))
    runs = [make_segment(rows, rows, np.full_like(rows, np.nan), name=n) for n in 'ab']
    with pytest.raises(DataError, match='needs 21 rows in a row with position, velocity and'):
        fit_arx(runs)


def test_progress_ends_at_its_total(oscillators: list[Segment]) -> None:
    seen: list[tuple[int, int]] = []
    fit_arx(oscillators, order=2, progress=lambda done, total, _: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)
