# SPDX-License-Identifier: Apache-2.0
"""Which inertia a body can have, against bodies made of points."""

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.physics.identification.least_squares import (
    impossible_links,
    pseudo_inertia,
    usual_size,
)
import numpy as np


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
