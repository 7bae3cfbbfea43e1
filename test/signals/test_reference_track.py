# SPDX-License-Identifier: Apache-2.0
"""Tests for reference_track.py: what is known at a time, and what becomes of bad input."""

from collections.abc import Callable, Sequence
import math

from lstm_dynamics_ros.core.state import Reference, Vector
from lstm_dynamics_ros.signals.reference_track import ReferenceTrack
from lstm_dynamics_ros.signals.trajectory_points import RawPoint, RawReference
import numpy as np
from numpy.testing import assert_allclose
import pytest

MS = 1_000_000
SECOND = 1_000_000_000
WALL = 1_700_000_000 * SECOND
LIMIT = 2.0
Motion = Callable[[float], tuple[Vector, Vector, Vector]]


def make_track(*, timeout: float = 0.1) -> ReferenceTrack:
    return ReferenceTrack(('a', 'b'), (LIMIT, LIMIT), timeout)


def sine(t: float) -> tuple[Vector, Vector, Vector]:
    w = np.array([3.0, 5.0])
    return 0.3 * np.sin(w * t), 0.3 * w * np.cos(w * t), -0.3 * w**2 * np.sin(w * t)


def message(
    motion: Motion, t: float, offsets_ms: Sequence[int] = (0,), *, parts: int = 3, stamp: int = -1
) -> RawReference:
    points = []
    for offset in offsets_ms:
        rows = [
            tuple(part) if i < parts else () for i, part in enumerate(motion(t + offset / 1e3))
        ]
        points.append(RawPoint(offset * MS, *rows))
    return RawReference(WALL + round(t * SECOND) if stamp < 0 else stamp, ('a', 'b'), points)


def stream(track: ReferenceTrack, end_ms: int, *, period_ms: int = 5, parts: int = 3) -> None:
    for t in range(0, end_ms + 1, period_ms):
        assert track.take(message(sine, t / 1e3, parts=parts), 0) is None


def known(track: ReferenceTrack, t: float) -> Reference:
    found = track.at(WALL + round(t * SECOND))
    assert found is not None
    return found


def test_nothing_is_known_before_something_has_come() -> None:
    track = make_track()
    assert track.at(WALL) is None
    assert track.missing(WALL) == 'No usable reference has come.'


@pytest.mark.parametrize(
    ('parts', 'errors'), [(3, (1e-9, 1e-7, 1e-4)), (2, (1e-7, 1e-4, 0.2)), (1, (1e-5, 0.01, 2.0))]
)
def test_between_points_of_a_stream_the_motion_is_found_again(
    parts: int, errors: tuple[float, float, float]
) -> None:
    track = make_track()
    stream(track, 200, parts=parts)
    for t in (0.1512, 0.1627, 0.1889):
        for found, true, error in zip(known(track, t)[1:], sine(t), errors, strict=True):
            assert_allclose(found, true, atol=error)


def test_position_velocity_and_acceleration_belong_together() -> None:
    track = make_track()
    track.take(message(sine, 0.0, (0, 40, 90, 200)), 0)
    h = 1e-4
    for t in (0.013, 0.061, 0.17):
        before, here, after = (known(track, t + step) for step in (-h, 0.0, h))
        assert_allclose((after.position - before.position) / (2 * h), here.velocity, rtol=1e-4)
        assert_allclose((after.velocity - before.velocity) / (2 * h), here.acceleration, rtol=1e-4)


def test_a_stream_is_extrapolated_for_one_period_then_stands_and_then_is_lost() -> None:
    track = make_track()
    stream(track, 100)
    assert track.period == 0.005
    assert_allclose(known(track, 0.105).position, sine(0.105)[0], atol=1e-6)
    assert_allclose(known(track, 0.15).position, known(track, 0.105).position)
    assert_allclose(known(track, 0.2).velocity, known(track, 0.105).velocity)
    assert track.at(WALL + 201 * MS) is None
    assert track.missing(WALL + 250 * MS) == 'The reference ended 0.15 s before the joint states.'


def test_points_ahead_cover_the_preview() -> None:
    track = make_track()
    for t in range(0, 101, 5):
        assert track.take(message(sine, t / 1e3, (0, 10, 20, 30)), 0) is None
    for ahead in (0.0, 0.005, 0.02, 0.03):
        for found, true in zip(known(track, 0.1 + ahead)[1:], sine(0.1 + ahead), strict=True):
            assert_allclose(found, true, atol=1e-3)
    assert track.counters['jump'] == 0


def test_a_finished_trajectory_holds_its_end_and_an_interrupted_one_does_not() -> None:
    def stop(t: float) -> tuple[Vector, Vector, Vector]:
        s = min(t, 1.0)
        return (
            np.full(2, s**3 * (10 - 15 * s + 6 * s * s)),
            np.full(2, 30 * (s * (1 - s)) ** 2),
            np.full(2, 60 * s * (1 - s) * (1 - 2 * s)),
        )

    track = make_track()
    track.take(message(stop, 0.0, range(0, 1001, 100)), 0)
    assert_allclose(known(track, 0.5).position, 0.5, atol=1e-6)
    assert_allclose(known(track, 60.0)[1:], np.array([[1.0] * 2, [0.0] * 2, [0.0] * 2]))
    track.take(message(stop, 61.0 - 60.9, range(0, 301, 100), stamp=WALL + 61 * SECOND), 0)
    assert track.at(WALL + 62 * SECOND) is None


def test_a_trajectory_of_positions_alone_comes_to_rest_at_its_end() -> None:
    track = make_track()
    track.take(message(sine, 0.0, range(0, 501, 50), parts=1), 0)
    assert_allclose(known(track, 0.26).position, sine(0.26)[0], atol=1e-3)
    assert_allclose(known(track, 5.0).position, sine(0.5)[0])
    assert_allclose(known(track, 0.5).velocity, 0.0)


def test_a_new_trajectory_starts_from_where_the_old_one_was() -> None:
    track = make_track()
    stream(track, 100)
    goal = RawReference(
        WALL + 100 * MS, ('a', 'b'), [RawPoint(SECOND, (0.2, 0.2), (0.0, 0.0), ())]
    )
    assert track.take(goal, 0) is None
    at_start = known(track, 0.1)
    assert_allclose(at_start.position, sine(0.1)[0], atol=1e-9)
    assert_allclose(at_start.velocity, sine(0.1)[1], atol=1e-6)
    assert_allclose(known(track, 1.1).position, 0.2)


def test_a_zero_stamp_means_the_time_of_receipt() -> None:
    track = make_track()
    assert track.take(message(sine, 0.0, stamp=0), WALL + 7 * MS) is None
    assert track.at(WALL + 6 * MS) is None
    assert_allclose(known(track, 0.007).position, sine(0.0)[0])
    assert track.counters['unstamped'] == 1


def test_joints_are_matched_by_name() -> None:
    track = make_track()
    point = RawPoint(0, (9.0, 2.0, 1.0), (), ())
    assert track.take(RawReference(WALL, ('gripper', 'b', 'a'), [point]), 0) is None
    assert_allclose(known(track, 0.0).position, [1.0, 2.0])


@pytest.mark.parametrize('step', [0.5, -1.5])
def test_a_jump_is_followed_at_the_velocity_limit(step: float) -> None:
    track = make_track()
    for t in range(0, 101, 5):
        track.take(message(lambda _: (np.zeros(2), np.zeros(2), np.zeros(2)), t / 1e3), 0)

    def moved(_: float) -> tuple[Vector, Vector, Vector]:
        return np.array([step, 0.0]), np.zeros(2), np.zeros(2)

    remark = track.take(message(moved, 0.105), 0)
    assert remark is not None
    assert 'a jumped by' in remark.text
    positions = [known(track, 0.1).position[0], known(track, 0.1049).position[0]]
    for t in range(105, 1800, 5):
        if t > 105:
            assert track.take(message(moved, t / 1e3), 0) is None
        positions.append(known(track, t / 1e3).position[0])
        assert abs(known(track, t / 1e3).velocity[0]) <= LIMIT * (1 + 1e-9)
    assert_allclose(positions[:3], 0.0, atol=1e-9)
    assert_allclose(positions[-1], step)
    assert np.abs(np.diff(positions[2:])).max() <= 0.005 * LIMIT
    assert track.counters['jump'] == 1


def test_jumps_without_end_never_move_faster_than_the_limit() -> None:
    track = make_track()
    positions = []
    for k in range(200):

        def staircase(_: float, k: int = k) -> tuple[Vector, Vector, Vector]:
            return np.full(2, 0.05 * k), np.zeros(2), np.zeros(2)

        track.take(message(staircase, k * 0.005), 0)
        positions.append(known(track, k * 0.005).position[0])
    assert track.counters['jump'] > 100
    assert np.abs(np.diff(positions)).max() <= 0.005 * LIMIT


def test_a_reference_that_comes_back_after_a_loss_starts_anew() -> None:
    track = make_track()
    stream(track, 100)
    far = message(lambda _: (np.ones(2), np.zeros(2), np.zeros(2)), 1.0)
    assert track.take(far, 0) is None
    assert_allclose(known(track, 1.0).position, 1.0)


def test_a_clock_that_is_set_back_starts_anew() -> None:
    track = make_track()
    stream(track, 100)
    back = message(sine, 0.0, stamp=WALL - 1000 * SECOND)
    assert track.take(back, 0) is None
    assert track.at(WALL - 1000 * SECOND) is not None
    assert track.at(WALL) is None


BAD = {
    'other_joints': RawReference(WALL, ('a', 'c'), [RawPoint(0, (0.0, 0.0), (), ())]),
    'no_points': RawReference(WALL, ('a', 'b'), []),
    'wrong_length': RawReference(WALL, ('a', 'b'), [RawPoint(0, (0.0, 0.0), (0.0,), ())]),
    'not_finite': RawReference(WALL, ('a', 'b'), [RawPoint(0, (0.0, math.nan), (), ())]),
    'too_fast': RawReference(WALL, ('a', 'b'), [RawPoint(0, (0.0, 0.0), (0.0, 9.0), ())]),
    'times': RawReference(
        WALL,
        ('a', 'b'),
        [RawPoint(5, (0.0, 0.0), (), ()), RawPoint(5, (0.0, 0.0), (), ())],
    ),
}


@pytest.mark.parametrize('kind', BAD)
def test_a_bad_reference_is_dropped_counted_and_explained(kind: str) -> None:
    track = make_track()
    stream(track, 100)
    before = known(track, 0.1)
    remark = track.take(BAD[kind], 0)
    assert remark is not None
    assert remark.kind == kind
    assert remark.text.startswith('The reference was dropped, because')
    assert remark.text.count('.\n') == 0
    assert track.counters[kind] == 1
    assert_allclose(known(track, 0.1).position, before.position)


def test_names_that_differ_are_shown() -> None:
    remark = make_track().take(BAD['other_joints'], 0)
    assert remark is not None
    assert 'it lacks b; it needs' in remark.text


def test_a_joint_without_velocity_limit_may_jump() -> None:
    track = ReferenceTrack(('a', 'b'), (None, LIMIT))
    rest = np.zeros(2)
    track.take(message(lambda _: (rest, rest, rest), 0.0), 0)
    assert track.take(message(lambda _: (np.array([5.0, 0.0]), rest, rest), 0.005), 0) is None
    assert_allclose(known(track, 0.005).position, [5.0, 0.0])
