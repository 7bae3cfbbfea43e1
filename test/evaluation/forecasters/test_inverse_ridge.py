# SPDX-License-Identifier: Apache-2.0
"""The inverse ridge against ridge regression on all rows at once."""

from collections.abc import Callable

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.forecasters.inverse_ridge import motion_features, RidgeInverse
import numpy as np
from numpy.testing import assert_allclose
import pytest

ORDERS, STRENGTHS = (1, 3), (1e-4, 1e-2, 1.0)


@pytest.fixture(scope='module')
def runs(make_segment: Callable[..., Segment]) -> list[Segment]:
    """Effort from the velocity now and two rows before, and noise."""
    made = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        q, dq = rng.normal(size=(2, 150, 2))
        effort = dq + 0.5 * np.sin(q) + 0.3 * rng.normal(size=q.shape)
        effort[2:] -= 0.7 * dq[:-2]
        made.append(make_segment(q, dq, effort, name=f'run{seed}'))
    return made


def error_left_out(runs: list[Segment], order: int, strength: float) -> float:
    """Return the nMSE, mean over joints, of all motions left out in turn."""
    every = np.vstack([motion_features(run, 3) for run in runs])[:, 2 * (3 - order) * 3 :]
    mean, std = every.mean(axis=0), every.std(axis=0)
    z = [(motion_features(run, 3)[:, 2 * (3 - order) * 3 :] - mean) / std for run in runs]
    squares = []
    for k, out in enumerate(runs):
        x = np.vstack([rows for i, rows in enumerate(z) if i != k])
        y = np.vstack([run.effort for i, run in enumerate(runs) if i != k])
        zero_mean = x - x.mean(axis=0)
        penalty = strength * len(x) * np.eye(x.shape[1])
        w = np.linalg.solve(zero_mean.T @ zero_mean + penalty, zero_mean.T @ (y - y.mean(axis=0)))
        squares.append(((z[k] - x.mean(axis=0)) @ w + y.mean(axis=0) - out.effort) ** 2)
    variance = np.vstack([run.effort for run in runs]).var(axis=0)
    return float((np.vstack(squares).mean(axis=0) / variance).mean())


def test_window_and_penalty_are_best_on_motions_left_out(runs: list[Segment]) -> None:
    errors = {(n, s): error_left_out(runs, n, s) for n in ORDERS for s in STRENGTHS}
    best = min(errors, key=lambda one: errors[one])
    chosen = RidgeInverse.fit(runs, orders=ORDERS, strengths=STRENGTHS).chosen
    assert (chosen['order'], chosen['strength']) == best
    assert best[0] == 3


def test_a_joint_that_stands_still_and_a_copy_of_another_break_nothing(
    runs: list[Segment], make_segment: Callable[..., Segment]
) -> None:
    def more(values: np.ndarray, still: float) -> np.ndarray:
        return np.hstack([values, values[:, :1], np.full((len(values), 1), still)])

    wider = [
        make_segment(more(r.position, 0.4), more(r.velocity, 0), more(r.effort, 2), name=r.name)
        for r in runs
    ]
    predicted = RidgeInverse.fit(wider).predict(wider[0])
    assert_allclose(predicted[:, 3], 2.0)
    assert_allclose(predicted[:, 2], predicted[:, 0])
    assert np.mean((predicted - wider[0].effort)[2:, :2] ** 2) < 1.2 * 0.3**2


def test_a_recording_too_short_to_leave_any_out_has_a_ridge_too(runs: list[Segment]) -> None:
    ridge = RidgeInverse.fit([runs[0]])
    assert ridge.chosen == {'order': 10, 'strength': 1e-4}
