# SPDX-License-Identifier: Apache-2.0
"""Tests for safety/contact.py."""

from lstm_dynamics_ros.safety.contact import tool_force
import numpy as np
import pytest


def test_a_force_at_the_tool_is_found_and_leaves_nothing() -> None:
    rng = np.random.default_rng(0)
    jacobian, force = rng.normal(size=(3, 7)), np.array([3.0, -2.0, 8.0])
    torque, band = jacobian.T @ force, rng.uniform(0.2, 2.0, 7)
    found = tool_force(torque, band, jacobian)
    np.testing.assert_allclose(found.force, force)
    assert found.explained == pytest.approx(np.linalg.norm(torque / band))
    assert found.left == pytest.approx(0.0, abs=1e-9)


def test_what_is_left_is_square_to_what_any_force_can_do() -> None:
    rng = np.random.default_rng(1)
    jacobian, torque, band = rng.normal(size=(3, 7)), rng.normal(size=7), rng.uniform(0.2, 2.0, 7)
    along = np.linalg.qr((jacobian / band).T)[0]
    scaled = torque / band
    found = tool_force(torque, band, jacobian)
    left = np.linalg.norm(scaled - along @ (along.T @ scaled))
    assert found.left == pytest.approx(left)
    assert found.explained**2 + found.left**2 == pytest.approx(scaled @ scaled)


def test_a_direction_that_no_joint_feels_has_no_force() -> None:
    jacobian = np.array([[1.0, 0.5], [0.0, 0.0], [0.0, 0.0]])
    found = tool_force(np.array([2.0, 1.0]), np.ones(2), jacobian)
    np.testing.assert_allclose(found.force, [2.0, 0.0, 0.0], atol=1e-12)
