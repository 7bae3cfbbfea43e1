# SPDX-License-Identifier: Apache-2.0
"""Tests of the wall in the way of the tool."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.sim.wall import place_wall, Wall
import numpy as np
import pytest

TIME = np.arange(10_000) * 1e-3


def there_and_back(width: float, reach: float = 0.4) -> np.ndarray:
    """Return a path along x that goes out and back once, with its turn at 5 s (n_steps, 3)."""
    x = reach * np.exp(-(((TIME - 5.0) / width) ** 2))
    return np.stack([x, np.full_like(x, 0.3), np.full_like(x, 0.5)], axis=1)


def test_depth_is_the_distance_past_the_plane() -> None:
    wall = Wall(normal=np.array([0.0, 1.0, 0.0]), offset=0.2, stiffness=1.0)

    np.testing.assert_allclose(
        wall.depth(np.array([[9.0, 0.25, 1.0], [0.0, 0.1, 0.0]])), [0.05, -0.1]
    )


def test_the_path_goes_as_deep_as_asked_and_square_to_its_motion() -> None:
    path = there_and_back(1.5)

    wall = place_wall(path, depth=0.02)

    np.testing.assert_allclose(wall.normal, [1.0, 0.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(wall.depth(path).max(), 0.02)


def test_the_contact_that_lasts_most_nearly_as_long_as_wanted_is_taken() -> None:
    path = there_and_back(1.5)
    path[:, 1] += 0.4 * np.exp(-(((TIME - 5.0) / 0.3) ** 2))  # a shorter contact along y

    wall = place_wall(path, duration=0.2, not_before=1.0, not_after=9.0)

    assert wall.normal[1] > 0.5


def test_a_path_without_a_place_for_a_wall_is_refused() -> None:
    line = np.stack([TIME, TIME, TIME], axis=1) + 0.01 * np.sin(TIME)[:, None]

    with pytest.raises(ConfigError, match='touches no wall'):
        place_wall(line)
