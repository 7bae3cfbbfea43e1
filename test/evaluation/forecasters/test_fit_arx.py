# SPDX-License-Identifier: Apache-2.0
"""The fit against least squares on the raw window."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters import CAUSAL, KNOWN_TORQUE
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
    weights = fit_arx(runs, orders=(3,), strengths=(1e-13,), positions=(True,)).weights
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


@pytest.fixture(scope='module')
def delayed(make_segment: Callable[..., Segment]) -> list[Segment]:
    """Noise of 0.01 in the velocity, and an effort that acts six rows later."""
    made = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        effort = np.cumsum(rng.normal(size=(600, 1)), axis=0)
        effort -= np.convolve(effort[:, 0], np.ones(50) / 50, 'same')[:, None]
        q, dq = np.zeros((2, 600, 1))
        for t in range(6, 599):
            dq[t + 1] = 0.9 * dq[t] - 0.02 * q[t] + 0.1 * effort[t - 6] + 0.01 * rng.normal()
            q[t + 1] = q[t] + 0.1 * dq[t]
        made.append(make_segment(q[6:], dq[6:], effort[6:], name=f'run{seed}'))
    return made


def test_the_window_reaches_back_to_what_acts_and_leaves_the_noise(
    delayed: list[Segment],
) -> None:
    ridge = fit_arx(delayed[:4])
    assert ridge.weights.order >= 7
    starts = np.arange(30, 500)
    made = ridge.forecast(delayed[4], starts, (1,), mode=KNOWN_TORQUE)['velocity'][:, 0]
    assert np.std(made - delayed[4].velocity[starts + 1]) == pytest.approx(0.01, rel=0.1)


def test_an_unstable_choice_is_never_taken(delayed: list[Segment]) -> None:
    planted, good = -0.3, 1e-4  # what a penalty holds down, its opposite blows up
    wild = fit_arx(delayed, strengths=(planted,), orders=(2,), positions=(True,))
    starts = np.arange(30, 300, 30)
    assert np.isinf(wild.forecast(delayed[0], starts, (50,), mode=CAUSAL)['position']).any()
    chosen = fit_arx(delayed, strengths=(planted, good), orders=(2,), positions=(True,))
    assert chosen.weights.strength == good


def test_where_the_joints_are_is_left_out_where_it_says_nothing(
    delayed: list[Segment],
) -> None:
    shifted = [
        replace(run, position=run.position + 100 * k, effort=run.effort)
        for k, run in enumerate(delayed)
    ]
    assert not fit_arx(shifted, orders=(10,)).weights.positions


def test_a_joint_that_stands_still_breaks_nothing(oscillators: list[Segment]) -> None:
    def more(values: np.ndarray, still: float) -> np.ndarray:
        return np.hstack([values, np.full((len(values), 1), still)])

    runs = [
        replace(
            run,
            joint_names=(*run.joint_names, 'still'),
            joint_types=(*run.joint_types, 'revolute'),
            position=more(run.position, 0.3),
            velocity=more(run.velocity, 0.0),
            effort=more(run.effort, 0.0),
        )
        for run in oscillators
    ]
    ridge = fit_arx(runs[:3], orders=(2, 5))
    made = ridge.forecast(runs[3], np.arange(30, 600, 7), (50,), mode=KNOWN_TORQUE)['position']
    assert_allclose(made[..., 2], 0.3)
    assert_allclose(made[:, 0], runs[3].position[np.arange(30, 600, 7) + 50], atol=1e-3)


def test_data_too_short_to_leave_any_out_has_a_ridge_too(oscillators: list[Segment]) -> None:
    assert np.isfinite(fit_arx([oscillators[0].rows(0, 60)]).weights.matrix).all()


def test_a_gap_of_nan_is_stepped_over(oscillators: list[Segment]) -> None:
    effort = oscillators[0].effort.copy()
    effort[100:110] = np.nan
    runs = [replace(oscillators[0], effort=effort), *oscillators[1:]]
    whole, holed = fit_arx(oscillators, orders=(2,)), fit_arx(runs, orders=(2,))
    assert np.isfinite(holed.weights.matrix).all()
    assert_allclose(holed.weights.upper, whole.weights.upper, rtol=0.1)


def test_data_without_effort_is_refused(make_segment: Callable[..., Segment]) -> None:
    rows = np.zeros((300, 2))
    runs = [make_segment(rows, rows, np.full_like(rows, np.nan), name=n) for n in 'ab']
    with pytest.raises(DataError, match='needs 21 rows in a row with position, velocity and'):
        fit_arx(runs)


def test_progress_ends_at_its_total(oscillators: list[Segment]) -> None:
    seen: list[tuple[int, int]] = []
    fit_arx(oscillators, orders=(2,), progress=lambda done, total, _: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1]
    assert seen == sorted(seen)
