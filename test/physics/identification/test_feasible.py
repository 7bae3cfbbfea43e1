# SPDX-License-Identifier: Apache-2.0
"""Least squares over bodies that can be, against the free solution and against its conditions."""

from lstm_dynamics_ros.physics.identification.least_squares import (
    impossible_links,
    pseudo_inertia,
    Reduced,
    solve,
    solve_feasible,
)
import numpy as np
import pytest

BALL = np.array([2.0, 0.1, 0.0, 0.2, 0.3, 0.0, 0.35, 0.01, 0.0, 0.3])
SIZE = np.array([2.0, *[0.5] * 3, *[0.2] * 6, 1.0])
LOWER = np.array([0.1, *[-np.inf] * 9, 0.0])
NOMINAL = np.append(BALL, 0.0)


def rows(truth: np.ndarray, count: int = 300) -> Reduced:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(count, 11)) / SIZE
    return Reduced(matrix, matrix @ truth + 0.01 * random.normal(size=count))


def test_a_possible_body_is_found_as_without_the_constraint() -> None:
    truth = np.append(1.1 * BALL, 0.7)
    free = solve(rows(truth), NOMINAL, SIZE, LOWER, 1.0)
    got = solve_feasible(rows(truth), NOMINAL, SIZE, LOWER, 1.0, 1)
    np.testing.assert_allclose((got - free) / SIZE, 0.0, atol=1e-3)


def test_an_impossible_body_becomes_the_nearest_possible_one() -> None:
    truth = np.append(BALL, 0.5)
    truth[4] = -0.1  # negative moment of inertia
    free = solve(rows(truth), NOMINAL, SIZE, LOWER, 1.0)
    assert impossible_links(free[None, :10], ['ball']) == ['ball']
    known = rows(truth)
    got = solve_feasible(known, NOMINAL, SIZE, LOWER, 1.0, 1)
    assert impossible_links(got[None, :10], ['ball']) == []

    def cost(x: np.ndarray) -> float:
        left = known.matrix @ x - known.target
        return float(left @ left + np.sum(((x - NOMINAL) / SIZE) ** 2))

    random = np.random.default_rng(1)
    for _ in range(300):  # no possible neighbour is better
        near = got + 1e-2 * SIZE * random.normal(size=11)
        possible = np.linalg.eigvalsh(pseudo_inertia(near[None, :10])).min() >= 0
        if possible and (near >= LOWER).all():
            assert cost(near) > cost(got) - 1e-3


def test_friction_stays_above_its_bound() -> None:
    got = solve_feasible(rows(np.append(BALL, -0.5)), NOMINAL, SIZE, LOWER, 1.0, 1)
    assert got[10] == pytest.approx(0.0, abs=1e-3)
    assert got[10] >= 0.0


def test_it_starts_from_a_urdf_that_is_impossible_itself() -> None:
    nominal = np.zeros(11)
    nominal[0] = 1e-3
    got = solve_feasible(rows(NOMINAL), nominal, SIZE, LOWER, 1e-2, 1)
    np.testing.assert_allclose((got - NOMINAL) / SIZE, 0.0, atol=0.02)
