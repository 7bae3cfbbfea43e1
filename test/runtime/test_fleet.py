# SPDX-License-Identifier: Apache-2.0
"""Tests for runtime/fleet.py."""

from collections.abc import Callable

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import JointState
from lstm_dynamics_ros.runtime.fleet import Fleet
from lstm_dynamics_ros.runtime.model_file import LoadedModel
from lstm_dynamics_ros.runtime.predictor import Predictor
from lstm_dynamics_ros.signals.time_grid import GridPoint
import numpy as np
import pytest

Load = Callable[..., LoadedModel]


def point(robot: int, index: int, *, restarted: bool = False) -> GridPoint:
    phase = 0.1 * index + robot + np.array([0.0, 1.0])
    state = JointState(index * 5_000_000, np.sin(phase), np.cos(phase), np.sin(2 * phase))
    return GridPoint(index, state, restarted, False)


def test_each_robot_is_predicted_as_if_it_were_alone(load: Load) -> None:
    loaded = load()
    fleet, alone = Fleet(loaded, 3), [Predictor(loaded) for _ in range(3)]
    for k in range(30):
        points = [point(robot, k) for robot in range(3)]
        expected = [one.update(p) for one, p in zip(alone, points, strict=True)]
        np.testing.assert_allclose(fleet.update(points), expected, rtol=1e-6, atol=1e-7)


def test_one_robot_can_start_over_without_the_others_noticing(load: Load) -> None:
    loaded = load(washout=5)
    fleet, alone = Fleet(loaded, 3), [Predictor(loaded) for _ in range(3)]
    for k in range(20):
        points = [point(robot, k, restarted=robot == 1 and k == 17) for robot in range(3)]
        expected = [one.update(p) for one, p in zip(alone, points, strict=True)]
        np.testing.assert_allclose(fleet.update(points), expected, rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(fleet.seen, [20, 3, 20])
    np.testing.assert_array_equal(fleet.warm, [True, False, True])


def test_a_robot_without_a_point_keeps_its_memory(load: Load) -> None:
    loaded = load()
    fleet, alone = Fleet(loaded, 2), Predictor(loaded)
    for k in range(20):
        late = None if k % 3 else point(1, k)
        prediction = fleet.update([point(0, k), late])
        if late is None:
            assert np.isnan(prediction[1]).all()
        else:
            np.testing.assert_allclose(prediction[1], alone.update(late), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(fleet.seen, [20, 7])


def test_one_robot_with_a_bad_value_is_reset_alone(load: Load) -> None:
    loaded = load()
    fleet, alone = Fleet(loaded, 2), Predictor(loaded)
    for k in range(10):
        bad = point(0, k)
        if k == 5:
            bad.state.position[0] = np.nan
        prediction = fleet.update([bad, point(1, k)])
        assert np.isnan(prediction[0]).all() == (k == 5)
        np.testing.assert_allclose(prediction[1], alone.update(point(1, k)), rtol=1e-6, atol=1e-7)
    np.testing.assert_array_equal(fleet.seen, [4, 10])


def test_every_robot_must_be_named(load: Load) -> None:
    with pytest.raises(ShapeError, match=r'\(2,\), got \(1,\)'):
        Fleet(load(), 2).update([None])


def test_reset_forgets_all(load: Load) -> None:
    fleet = Fleet(load(), 2)
    fleet.update([point(0, 0), point(1, 0)])
    fleet.reset()
    assert not fleet.seen.any()


def test_robots_are_shown_what_they_shall_see_instead_of_their_state(load: Load) -> None:
    loaded = load()
    fleet, alone = Fleet(loaded, 2), Predictor(loaded)
    for k in range(10):
        shown = np.sin(0.2 * k + np.arange(len(loaded.card.features)))
        expected = [alone.update(point(0, k), shown)]
        found = fleet.update([point(0, k), None], [shown, None])
        np.testing.assert_allclose(found[:1], expected, rtol=1e-6, atol=1e-7)
