# SPDX-License-Identifier: Apache-2.0
"""The filter against the textbook's, with matrix inverses, where the dynamics are linear."""

from typing import Any

from lstm_dynamics_ros.learning.torque_observer.filter import (
    EFFORT_NOISE,
    POSITION_NOISE,
    ROUGH_NOISE,
    STILL_NOISE,
    TorqueFilter,
)
from lstm_dynamics_ros.learning.torque_observer.inverse_regression import (
    InverseRegression,
    STEEPNESS,
)
import numpy as np
import torch

N = 2
SPREAD = np.array([[0.5, 0.8], [1.0, 2.0], [3.0, 5.0]])
MASS = np.array([[2.0, 0.3], [0.3, 1.0]])
VISCOUS = np.array([0.7, 0.4])
VARIANCE = 1e-3
ROUGH = np.array([0.3, 0.2])
DT = 0.01


def linear_filter() -> TorqueFilter:
    """Return a filter of a robot whose effort is mass times acceleration and viscous friction."""
    inverse = InverseRegression(('revolute',) * N)
    inverse.inertia_weight[0] = torch.from_numpy(MASS.flatten())
    speed = N * len(STEEPNESS)  # row of the linear friction shape
    inverse.friction_weight[speed : speed + N] = torch.from_numpy(np.diag(VISCOUS))
    model = TorqueFilter(inverse)
    positions = torch.tensor([[-100.0, -100.0], [100.0, 100.0]], dtype=torch.float64)
    model.set_up(torch.from_numpy(SPREAD), positions, torch.ones(N, dtype=torch.float64), DT)
    model.effort_variance.fill_(VARIANCE)
    model.rough_variance.copy_(torch.from_numpy(ROUGH))
    return model


def textbook(model: TorqueFilter, x: Any, p: Any, seen: dict[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401
    """Return mean and covariance after one step of the Kalman filter as in any book."""
    zero, one = np.zeros((N, N)), np.eye(N)
    h = np.vstack(
        [
            np.hstack([one, zero, zero]),
            np.hstack([zero, one, zero]),
            np.hstack([zero, np.diag(VISCOUS), MASS.T]) * SPREAD.flatten(),
        ]
    )
    y = np.concatenate([seen['position'] / SPREAD[0], seen['rough'], seen['effort']])
    r = np.concatenate(
        [
            (POSITION_NOISE / SPREAD[0]) ** 2,
            ROUGH_NOISE * ROUGH,
            EFFORT_NOISE * VARIANCE * np.exp(STILL_NOISE * seen['still']),
        ]
    )
    if not seen['known']:
        h, y, r = h[N:], y[N:], r[N:]
    gain = p @ h.T @ np.linalg.inv(h @ p @ h.T + np.diag(r))
    x, p = x + gain @ (y - h @ x), p - gain @ h @ p
    f, q = model.transition.numpy(), model.process_noise.numpy()
    return f @ x, f @ p @ f.T + q


def run(model: TorqueFilter, x: Any, p: Any, seen: dict[str, Any]) -> tuple[Any, Any]:  # noqa: ANN401
    rows = {
        k: torch.from_numpy(np.atleast_1d(np.asarray(v, float)))[None] for k, v in seen.items()
    }
    made = model.step(torch.from_numpy(x)[None], torch.from_numpy(p)[None], **rows)
    return made.mean[0].numpy(), made.covariance[0].numpy()


def test_with_linear_dynamics_it_is_the_kalman_filter() -> None:
    model, random = linear_filter(), np.random.default_rng(0)
    mean, covariance = (
        part[0].numpy()
        for part in model.start(torch.zeros(1, N).double(), torch.full((1, N), 0.5).double())
    )
    own = mean, covariance
    for k in range(60):
        seen = {
            # Near what is expected, so that no innovation counts as an outlier.
            'position': own[0][:N] * SPREAD[0] + 1e-5 * random.normal(size=N),
            'known': float(k < 30),
            'effort': MASS @ (own[0][2 * N :] * SPREAD[2])
            + VISCOUS * own[0][N : 2 * N] * SPREAD[1]
            + 0.01 * random.normal(size=N),
            'still': random.uniform(size=N),
            'rough': own[0][N : 2 * N] + 0.1 * random.normal(size=N),
        }
        own = run(model, *own, seen)
        mean, covariance = textbook(model, mean, covariance, seen)
        np.testing.assert_allclose(own[0], mean, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(own[1], covariance, rtol=1e-6, atol=1e-9)


def test_a_position_that_is_not_known_says_nothing() -> None:
    model = linear_filter()
    x, p = np.zeros(3 * N), np.eye(3 * N)
    seen = {'known': 0.0, 'effort': np.ones(N), 'still': np.zeros(N), 'rough': np.zeros(N)}
    here = run(model, x, p, seen | {'position': np.zeros(N)})
    there = run(model, x, p, seen | {'position': np.full(N, 7.0)})
    np.testing.assert_array_equal(here[0], there[0])
    np.testing.assert_array_equal(here[1], there[1])


def test_the_effort_of_a_joint_that_is_still_says_little() -> None:
    model = linear_filter()
    seen = {'known': 0.0, 'effort': np.ones(N), 'rough': np.zeros(N), 'position': np.zeros(N)}
    moved = [
        np.abs(run(model, np.zeros(3 * N), 1e-4 * np.eye(3 * N), seen | {'still': still})[0]).max()
        for still in (np.zeros(N), np.ones(N))
    ]
    assert moved[1] < 0.05 * moved[0]


def test_without_measurements_the_process_keeps_the_spread_of_the_data() -> None:
    model = linear_filter()
    covariance = np.zeros((3 * N, 3 * N))
    f, q = model.transition.numpy(), model.process_noise.numpy()
    for _ in range(20000):
        covariance = f @ covariance @ f.T + q
    np.testing.assert_allclose(np.diag(covariance)[:N], 1.0, rtol=1e-3)


def test_the_transition_is_the_exponential_of_the_process() -> None:
    model = linear_filter()
    halves = linear_filter()
    positions = torch.tensor([[-1.0, -1.0], [1.0, 1.0]], dtype=torch.float64)
    one = torch.ones(N, dtype=torch.float64)
    halves.set_up(torch.from_numpy(SPREAD), positions, one, DT / 2)
    twice = halves.transition @ halves.transition
    torch.testing.assert_close(twice, model.transition, rtol=1e-9, atol=1e-12)


def test_a_position_stays_near_the_range_of_the_data() -> None:
    model = linear_filter()
    positions = torch.tensor([[-1.0, -1.0], [1.0, 1.0]], dtype=torch.float64)
    one = torch.ones(N, dtype=torch.float64)
    model.set_up(torch.from_numpy(SPREAD), positions, one, DT)
    x = np.concatenate([np.array([9.0, -9.0]), np.array([1.0, 1.0]), np.zeros(2)])
    seen = {
        'known': 0.0,
        'effort': np.zeros(N),
        'still': np.ones(N),
        'rough': np.ones(N),
        'position': np.zeros(N),
    }
    mean, _ = run(model, x, 1e-9 * np.eye(3 * N), seen)
    np.testing.assert_allclose(mean[:N] * SPREAD[0], [1.15, -1.15], rtol=1e-6)
    assert mean[N] == 0.0  # was on its way out
    assert mean[N + 1] > 0.5  # is on its way back
