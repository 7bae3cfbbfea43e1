# SPDX-License-Identifier: Apache-2.0
"""Least squares against the normal equations."""

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.learning.identification.least_squares import (
    impossible_links,
    pseudo_inertia,
    Reduced,
    reduced,
    solve,
    solve_feasible,
    spread,
    usual_size,
)
import numpy as np
import pytest

FREE = np.full(4, -np.inf)


def problem() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.normal(size=(60, 4)), random.normal(size=60)


def test_rows_may_be_given_in_blocks() -> None:
    matrix, target = problem()
    rows = reduced((matrix[k : k + 7], target[k : k + 7]) for k in range(0, 60, 7))
    assert len(rows.matrix) <= 5
    np.testing.assert_allclose(rows.matrix.T @ rows.matrix, matrix.T @ matrix)
    np.testing.assert_allclose(rows.matrix.T @ rows.target, matrix.T @ target)


def test_no_row_is_refused() -> None:
    with pytest.raises(DataError, match='at least one row'):
        reduced([])


def test_the_solution_is_that_of_the_normal_equations() -> None:
    matrix, target = problem()
    nominal, size = np.array([1.0, -1.0, 0.0, 2.0]), np.array([1.0, 10.0, 0.1, 1.0])
    got = solve(Reduced(matrix, target), nominal, size, FREE, 3.0)
    penalty = np.diag(3.0 / size**2)
    expected = np.linalg.solve(matrix.T @ matrix + penalty, matrix.T @ target + penalty @ nominal)
    np.testing.assert_allclose(got, expected)


def test_without_evidence_the_nominal_value_stays() -> None:
    matrix, target = problem()
    matrix[:, 2] = 0.0
    nominal = np.array([0.0, 0.0, 7.0, 0.0])
    got = solve(Reduced(matrix, target), nominal, np.ones(4), FREE, 1e-3)
    assert got[2] == pytest.approx(7.0)


def test_bounds_are_kept_at_the_best_value_that_does() -> None:
    matrix, target = problem()
    free = solve(Reduced(matrix, target), np.zeros(4), np.ones(4), FREE, 1.0)
    worst = int(np.argmin(free))
    lower = np.where(np.arange(4) == worst, 0.0, -np.inf)
    got = solve(Reduced(matrix, target), np.zeros(4), np.ones(4), lower, 1.0)
    assert got[worst] == 0.0
    others = np.arange(4) != worst
    rest = np.linalg.solve(
        matrix[:, others].T @ matrix[:, others] + np.eye(3), matrix[:, others].T @ target
    )
    np.testing.assert_allclose(got[others], rest)


def test_the_spread_is_that_of_repeated_experiments() -> None:
    matrix, _ = problem()
    random = np.random.default_rng(1)
    size = np.array([1.0, 2.0, 0.5, 1.0])
    found = []
    for _ in range(2000):
        truth = random.normal(size=4) * size  # strength 1: truth scatters by its size
        target = matrix @ truth + random.normal(size=60)
        found.append(solve(Reduced(matrix, target), np.zeros(4), size, FREE, 1.0) - truth)
    expected = np.std(found, axis=0)
    got = spread(Reduced(matrix, np.zeros(60)), size, 1.0)
    np.testing.assert_allclose(got, expected, rtol=0.06)


def body(seed: int = 0) -> tuple[Matrix, Matrix, Matrix]:
    """Return standard parameters (1, 10) of a cloud of points, their masses and places."""
    random = np.random.default_rng(seed)
    mass, at = random.uniform(0.1, 1.0, 20), random.normal(size=(20, 3))
    first = mass @ at
    second = np.einsum('k,ki,kj->ij', mass, at, at)
    inertia = np.trace(second) * np.eye(3) - second
    return (
        np.array([[mass.sum(), *first, *inertia[[0, 0, 1, 0, 1, 2], [0, 1, 1, 2, 2, 2]]]]),
        mass,
        at,
    )


def test_it_holds_the_second_moments_of_the_mass() -> None:
    parameters, mass, at = body()
    (got,) = pseudo_inertia(parameters)
    np.testing.assert_allclose(got[:3, :3], np.einsum('k,ki,kj->ij', mass, at, at), atol=1e-12)
    np.testing.assert_allclose(got[3], [*(mass @ at), mass.sum()])


def test_a_body_of_points_is_possible() -> None:
    assert impossible_links(body()[0], ['a']) == []


def test_inertia_that_breaks_the_triangle_inequality_is_named() -> None:
    disc = np.array([[1.0, 0, 0, 0, 0.1, 0, 0.1, 0, 0, 0.3]])  # 0.1 + 0.1 < 0.3
    assert impossible_links(np.vstack([body()[0], disc]), ['a', 'b']) == ['b']


def test_a_centre_of_mass_outside_the_inertia_is_named() -> None:
    far = np.array([[1.0, 0.5, 0, 0, 0.01, 0, 0.01, 0, 0, 0.01]])  # m c^2 = 0.25 > I
    assert impossible_links(far, ['far']) == ['far']


def test_a_flat_body_is_possible() -> None:
    flat = np.array([[1.0, 0, 0, 0, 0.1, 0, 0.2, 0, 0, 0.3]])
    assert impossible_links(flat, ['flat']) == []


def test_a_larger_robot_has_larger_parameters() -> None:
    parameters = np.vstack([body(0)[0], body(1)[0]])
    grown = parameters * np.array([1.0, *[2.0] * 3, *[4.0] * 6])
    np.testing.assert_allclose(usual_size(grown), usual_size(parameters) * grown / parameters)


def test_a_urdf_without_inertia_still_gets_a_size() -> None:
    assert (usual_size(np.zeros((2, 10))) > 0).all()


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
