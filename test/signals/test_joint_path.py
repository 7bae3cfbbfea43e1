# SPDX-License-Identifier: Apache-2.0
"""Tests of paths of joints and their smooth pieces."""

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.signals.joint_path import JointPath, path_at_rest, swell
import numpy as np

STEP = 0.001


def assert_derivatives_fit(path: JointPath, atol: float) -> None:
    """Compare with central differences of what they are the derivatives of."""
    pairs = ((path.position, path.velocity), (path.velocity, path.acceleration))
    for whole, derivative in pairs:
        difference: Matrix = (whole[2:] - whole[:-2]) / (2.0 * STEP)
        np.testing.assert_allclose(derivative[1:-1], difference, atol=atol)


def test_a_move_goes_from_start_to_goal_at_rest() -> None:
    path = path_at_rest(501, 2)
    start, goal = np.array([0.2, -1.0]), np.array([1.0, 0.5])

    path.write_move(0, 500, STEP, start, goal)
    path.position[500] = goal

    np.testing.assert_array_equal(path.position[0], start)
    np.testing.assert_allclose(path.position[499], goal, atol=1e-6)
    np.testing.assert_array_equal(path.velocity[0], 0.0)
    assert_derivatives_fit(path, atol=1e-2)


def test_a_path_that_swells_starts_and_ends_at_rest_with_fitting_derivatives() -> None:
    time = STEP * np.arange(8000, dtype=np.float64)
    angle = 3.0 * time[:, None]
    path = swell(JointPath(np.cos(angle), -3.0 * np.sin(angle), -9.0 * np.cos(angle)), time, 2.0)

    for part in path:
        np.testing.assert_allclose(part[[0, -1]], 0.0, atol=1e-12)
    np.testing.assert_array_equal(path.position[4000], np.cos(angle[4000]))
    assert_derivatives_fit(path, atol=1e-2)


def test_a_scaled_path_is_the_same_motion_smaller() -> None:
    path = JointPath(np.array([1.0, 2.0]), np.array([3.0, 4.0]), np.array([5.0, 6.0]))

    np.testing.assert_array_equal(path.scaled(0.5), [[0.5, 1.0], [1.5, 2.0], [2.5, 3.0]])
