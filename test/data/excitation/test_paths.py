# SPDX-License-Identifier: Apache-2.0
"""Parts of excitations: derivatives against numerical ones, limits on every row."""

from collections.abc import Callable

from lstm_dynamics_ros.data.excitation.paths import (
    joined,
    multi_sine,
    point_to_point,
    Room,
    slow_reversals,
    STEP,
)
from lstm_dynamics_ros.signals.joint_path import JointPath, path_at_rest
import numpy as np
import pytest

ROOM = Room(
    low=np.array([-1.2, -0.1, 0.0]),
    high=np.array([0.8, 0.9, 0.5]),
    velocity=np.array([1.5, 0.7, 3.0]),
    acceleration=np.array([4.0, 1.0, 9.0]),
)

Make = Callable[[int], JointPath]


def sines(seed: int) -> JointPath:
    return multi_sine(ROOM, 12_001, 0.1, 6, np.random.default_rng(seed))


def reversals(seed: int) -> JointPath:
    return slow_reversals(ROOM, 12_001, 0.1, np.random.default_rng(seed))


def moves(seed: int) -> JointPath:
    return point_to_point(ROOM, 12_001, np.random.default_rng(seed))


EVERY_PART = pytest.mark.parametrize('make', [sines, reversals, moves])


@EVERY_PART
@pytest.mark.parametrize('seed', range(5))
def test_every_row_is_within_the_room(make: Make, seed: int) -> None:
    path = make(seed)
    slack = 1e-12

    assert (path.position >= ROOM.low - slack).all()
    assert (path.position <= ROOM.high + slack).all()
    assert (np.abs(path.velocity) <= ROOM.velocity + slack).all()
    assert (np.abs(path.acceleration) <= ROOM.acceleration + slack).all()


@EVERY_PART
def test_it_starts_and_ends_at_home_at_rest(make: Make) -> None:
    for part in make(1):
        np.testing.assert_allclose(part[[0, -1]], 0.0, atol=1e-12)


@EVERY_PART
def test_derivatives_are_those_of_the_positions(make: Make) -> None:
    path = make(2)

    # Central differences of third order's remainder: a quintic's jerk is bounded, not continuous.
    velocity = (path.position[2:] - path.position[:-2]) / (2 * STEP)
    acceleration = (path.velocity[2:] - path.velocity[:-2]) / (2 * STEP)
    np.testing.assert_allclose(velocity, path.velocity[1:-1], atol=1e-4)
    np.testing.assert_allclose(acceleration, path.acceleration[1:-1], atol=0.06)


@EVERY_PART
def test_the_acceleration_never_jumps(make: Make) -> None:
    assert np.abs(np.diff(make(3).acceleration, axis=0)).max() < 0.12


def test_a_multi_sine_holds_only_its_frequencies() -> None:
    # Far from its ends the envelope is one, so that a whole period is a sum of harmonics.
    path = multi_sine(ROOM, 30_001, 0.1, 4, np.random.default_rng(0))
    period = path.velocity[10_000:20_000]

    power = np.abs(np.fft.rfft(period, axis=0)) ** 2

    assert power[1:5].sum() > (1 - 1e-9) * power.sum()


def test_slow_reversals_turn_back_often_and_slowly() -> None:
    path = reversals(0)

    turns = (np.diff(np.sign(path.velocity[path.velocity[:, 0] != 0, 0])) != 0).sum()
    assert turns >= 6
    assert (np.abs(path.velocity).max(axis=0) <= 0.1 * ROOM.velocity + 1e-12).all()


def test_moves_rest_where_they_go() -> None:
    path = moves(0)

    still = (path.velocity == 0).all(axis=1) & (np.abs(path.position) > 0.05).any(axis=1)
    assert still.sum() > 100


def test_too_little_time_for_any_move_is_spent_at_home() -> None:
    path = point_to_point(ROOM, 300, np.random.default_rng(0))

    assert not path.position.any()


def test_parts_follow_on_each_other() -> None:
    path = joined([path_at_rest(10, 3), moves(0), path_at_rest(5, 3)])

    assert [len(part) for part in path] == [12_016] * 3
    np.testing.assert_array_equal(path.position[10:-5], moves(0).position)


def test_scaling_shrinks_position_speed_and_acceleration() -> None:
    for whole, half in zip(moves(0), moves(0).scaled(0.5), strict=True):
        np.testing.assert_allclose(half, 0.5 * whole)
