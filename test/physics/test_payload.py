# SPDX-License-Identifier: Apache-2.0
"""Tests for physics/payload.py, against point masses summed one by one."""

from lstm_dynamics_ros.physics.payload import payload_columns
import numpy as np


def test_the_columns_are_the_sums_over_point_masses() -> None:
    random = np.random.default_rng(2)
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    rotation *= np.sign(np.linalg.det(rotation))
    translation = random.normal(size=3)
    masses, points = random.uniform(0.1, 1.0, 5), random.normal(size=(5, 3))

    def about_joint(scale: float) -> np.ndarray:
        """Sum the masses with the points drawn towards the payload's origin."""
        at = scale * points @ rotation.T + translation
        inertia = sum(
            m * (x @ x * np.eye(3) - np.outer(x, x)) for m, x in zip(masses, at, strict=True)
        )
        upper = np.asarray(inertia)[[0, 0, 1, 0, 1, 2], [0, 1, 1, 2, 2, 2]]
        return np.concatenate([[masses.sum()], masses @ at, upper])

    columns = payload_columns(rotation, translation)
    np.testing.assert_allclose(columns[:, 0] * masses.sum(), about_joint(0.0), atol=1e-12)
    slope = (about_joint(1e-3) - about_joint(-1e-3)) / 2e-3  # without what is quadratic in extent
    np.testing.assert_allclose(columns[:, 1:] @ (masses @ points), slope, atol=1e-9)
