# SPDX-License-Identifier: Apache-2.0
"""Tests for time_grid.py: what is taken in, and where on the grid it goes."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, RawSample
from lstm_dynamics_ros.signals.time_grid import (
    GridPoint,
    GridSampler,
    Intake,
    nanoseconds,
    short_way,
    turns,
    without_turns,
    wrap,
)
import numpy as np
import pytest

DT = 0.005
MS = 1_000_000


def state(stamp_ns: int, position: float | None = None, velocity: float = 0.0) -> JointState:
    """Return one joint at 2 rad/s, or wherever asked."""
    where = 2e-9 * stamp_ns if position is None else position
    return JointState(stamp_ns, np.array([where]), np.array([velocity]), np.array([3.0]))


def sample(states: Iterable[JointState], sampler: GridSampler | None = None) -> list[GridPoint]:
    sampler = sampler or GridSampler(DT)
    return [point for one in states for point in sampler.push(one)]


def test_points_sit_on_multiples_of_dt() -> None:
    points = sample(state(k * MS + 300_000) for k in range(21))
    assert [point.state.stamp_ns for point in points] == [5 * MS, 10 * MS, 15 * MS, 20 * MS]
    assert [point.index for point in points] == [1, 2, 3, 4]


def test_values_are_on_the_straight_line_between_the_messages() -> None:
    points = sample(state(k * 3 * MS) for k in range(10))
    for point in points:
        assert point.state.position[0] == pytest.approx(2e-9 * point.state.stamp_ns)


def test_a_message_on_the_grid_is_taken_as_it_is() -> None:
    points = sample([state(0, 1.0), state(5 * MS, 7.0), state(10 * MS, 3.0)])
    assert [point.state.position[0] for point in points] == [1.0, 7.0, 3.0]


def test_a_message_a_little_early_counts_as_on_the_grid() -> None:
    points = sample([state(0, 0.0), state(5 * MS - 40_000, 1.0)])
    assert points[-1].state.stamp_ns == 5 * MS
    assert points[-1].state.position[0] == 1.0


def test_faster_messages_are_decimated_by_stamp() -> None:
    assert len(sample(state(k * MS) for k in range(1001))) == 201


def test_only_the_first_point_is_a_restart() -> None:
    points = sample(state(k * MS) for k in range(50))
    assert [point.restarted for point in points] == [True] + [False] * 9


def test_missing_messages_are_bridged_and_flagged() -> None:
    sampler = GridSampler(DT)
    points = sample([state(0), state(5 * MS), state(20 * MS)], sampler)
    assert [point.filled for point in points] == [False, False, False, True, False]
    assert points[3].state.position[0] == pytest.approx(2e-9 * 15 * MS)
    assert sampler.counters['filled'] == 1


def test_a_longer_gap_starts_over() -> None:
    sampler = GridSampler(DT, max_gap_steps=5)
    points = sample([state(0), state(27 * MS), state(60 * MS), state(65 * MS)], sampler)
    # 27 ms is bridged; the 33 ms after it are not.
    assert [point.index for point in points] == [0, 1, 2, 3, 4, 5, 12, 13]
    assert [point.restarted for point in points] == [True] + [False] * 5 + [True, False]
    assert sampler.counters['gap'] == 1


def test_duplicate_and_late_messages_are_dropped() -> None:
    sampler = GridSampler(DT)
    points = sample(
        [state(0), state(5 * MS), state(5 * MS), state(3 * MS), state(10 * MS)], sampler
    )
    assert [point.index for point in points] == [0, 1, 2]
    assert sampler.counters['duplicate_stamp'] == 1
    assert sampler.counters['out_of_order'] == 1


def test_a_clock_set_back_starts_over() -> None:
    sampler = GridSampler(DT)
    points = sample([state(10**12), state(10**12 + 5 * MS), state(0), state(5 * MS)], sampler)
    assert [(point.index, point.restarted) for point in points[2:]] == [(0, True), (1, False)]
    assert sampler.counters['clock_jump_back'] == 1


def test_stamp_zero_is_a_stamp_like_any_other() -> None:
    assert [point.index for point in sample([state(0), state(5 * MS)])] == [0, 1]


def test_reset_starts_over() -> None:
    sampler = GridSampler(DT)
    sample([state(0), state(5 * MS)], sampler)
    sampler.reset()
    (point,) = sample([state(10 * MS)], sampler)
    assert point.restarted


def test_a_continuous_joint_is_bridged_the_short_way_round() -> None:
    sampler = GridSampler(DT, continuous=np.array([True]))
    points = sample([state(0, np.pi - 0.01), state(10 * MS, -np.pi + 0.01)], sampler)
    assert wrap(points[1].state.position)[0] == pytest.approx(-np.pi)


def test_derived_velocity_is_the_change_of_position_over_dt() -> None:
    sampler = GridSampler(DT, derive_velocity=True)
    points = sample((state(k * MS, velocity=np.nan) for k in range(31)), sampler)
    np.testing.assert_allclose([point.state.velocity[0] for point in points[1:]], 2.0)
    assert points[0].state.velocity[0] == 0.0


def test_derived_velocity_starts_over_after_a_gap() -> None:
    sampler = GridSampler(DT, derive_velocity=True)
    points = sample([state(0, 0.0), state(5 * MS, 0.0), state(10**9, 5.0)], sampler)
    assert points[-1].restarted
    assert points[-1].state.velocity[0] == 0.0


@pytest.mark.parametrize(('dt', 'gap'), [(0.0, 5), (-1.0, 5), (0.005, 0)])
def test_impossible_settings_are_refused(dt: float, gap: int) -> None:
    with pytest.raises(ConfigError, match='dt must be > 0'):
        GridSampler(dt, max_gap_steps=gap)


def test_durations_are_rounded_to_whole_nanoseconds() -> None:
    assert nanoseconds(0.005) == 5 * MS
    assert nanoseconds(1e-9 * 0.6) == 1


@given(st.lists(st.integers(-300 * MS, 60 * MS), min_size=1, max_size=60))
def test_whatever_the_stamps_points_go_up_by_one_or_start_over(steps: list[int]) -> None:
    stamps = np.cumsum(steps)
    points = sample(state(int(stamp), position=0.1) for stamp in stamps)
    for before, after in pairwise(points):
        assert after.restarted or after.index == before.index + 1
    for point in points:
        assert point.state.stamp_ns == point.index * 5 * MS
        assert point.state.position[0] == pytest.approx(0.1)


ANGLES = st.floats(-50.0, 50.0)


def same_direction(one: float, other: float) -> bool:
    return bool(abs(np.exp(1j * one) - np.exp(1j * other)) < 1e-12)


@given(ANGLES)
def test_a_wrapped_angle_is_the_same_direction_within_half_a_turn(angle: float) -> None:
    (wrapped,) = wrap(np.array([angle]))
    assert same_direction(wrapped, angle)
    assert -np.pi <= wrapped < np.pi


@pytest.mark.parametrize(('angle', 'wrapped'), [(0.0, 0.0), (np.pi, -np.pi), (4.0, 4 - 2 * np.pi)])
def test_an_angle_is_wrapped_to_minus_pi_but_not_to_pi(angle: float, wrapped: float) -> None:
    assert wrap(np.array([angle]))[0] == pytest.approx(wrapped)


@given(ANGLES)
def test_whole_turns_are_taken_out_of_continuous_joints_alone(angle: float) -> None:
    short, whole = without_turns(np.array([angle, angle]), turns([True, False]))
    assert same_direction(short, angle)
    assert abs(short) <= np.pi + 1e-12
    assert whole == angle


@given(st.floats(-3.14, 3.14))
def test_less_than_half_a_turn_keeps_its_bits(angle: float) -> None:
    assert without_turns(np.array([angle]))[0] == angle


def test_the_short_way_is_taken_by_continuous_joints_alone() -> None:
    way = short_way(np.array([[6.0, 6.0], [-6.0, 0.5]]), np.array([True, False]))
    np.testing.assert_allclose(way, [[6.0 - 2 * np.pi, 6.0], [2 * np.pi - 6.0, 0.5]])


NAN, INF = float('nan'), float('inf')


def raw(
    names: Sequence[str] = ('b', 'a'),
    position: Sequence[float] = (2.0, 1.0),
    velocity: Sequence[float] = (20.0, 10.0),
    effort: Sequence[float] = (200.0, 100.0),
    *,
    stamp_ns: int = 0,
) -> RawSample:
    return RawSample(stamp_ns, names, position, velocity, effort)


def intake(**arguments: Any) -> Intake:  # noqa: ANN401
    return Intake(('a', 'b'), **arguments)


def test_joints_are_mapped_by_name_whatever_their_order() -> None:
    both = intake()
    for sample in (raw(), raw(('a', 'b'), (1.0, 2.0), (10.0, 20.0), (100.0, 200.0))):
        state = both.accept(sample)
        assert state is not None
        np.testing.assert_array_equal(state.position, [1.0, 2.0])
        np.testing.assert_array_equal(state.velocity, [10.0, 20.0])
        np.testing.assert_array_equal(state.effort, [100.0, 200.0])


def test_joints_of_others_are_ignored() -> None:
    sample = raw(('x', 'b', 'a'), (9.0, 2.0, 1.0), (9.0, 20.0, 10.0), (9.0, 200.0, 100.0))
    state = intake().accept(sample)
    assert state is not None
    np.testing.assert_array_equal(state.position, [1.0, 2.0])


def test_renamed_joints_are_found() -> None:
    renaming = intake(rename={'a': 'left_a', 'b': 'left_b'})
    assert renaming.accept(raw(('left_b', 'left_a'))) is not None
    assert renaming.accept(raw()) is None


@pytest.mark.parametrize('missing', [(), (NAN, NAN)])
def test_missing_velocity_and_effort_are_nan_when_not_needed(missing: Sequence[float]) -> None:
    state = intake().accept(raw(velocity=missing, effort=missing))
    assert state is not None
    assert np.isnan(state.velocity).all()
    assert np.isnan(state.effort).all()


@pytest.mark.parametrize('missing', [(), (NAN, NAN), (20.0, NAN), (INF, 10.0)])
@pytest.mark.parametrize('kind', ['velocity', 'effort'])
def test_missing_values_that_are_needed_drop_the_sample(kind: str, missing: Any) -> None:  # noqa: ANN401
    strict = intake(**{f'need_{kind}': True})
    assert strict.accept(raw(**{kind: missing})) is None
    assert strict.counters[f'{kind}_missing'] == 1
    assert strict.last_drop == f'{kind}_missing'


@pytest.mark.parametrize('bad', [NAN, INF, -INF, 1e300, -2e9])
def test_positions_nobody_can_believe_drop_the_sample(bad: float) -> None:
    strict = intake()
    assert strict.accept(raw(position=(bad, 1.0))) is None
    assert strict.counters['position_not_finite'] == 1


@pytest.mark.parametrize(
    'wrong',
    [
        {'position': (1.0,)},
        {'position': ()},
        {'velocity': (1.0,)},
        {'effort': (1.0, 2.0, 3.0)},
    ],
)
def test_arrays_of_the_wrong_length_drop_the_sample(wrong: dict[str, Any]) -> None:
    strict = intake()
    assert strict.accept(raw(**wrong)) is None
    assert strict.counters['wrong_length'] == 1


def test_a_name_given_twice_drops_the_sample() -> None:
    strict = intake()
    assert strict.accept(raw(('a', 'a'))) is None
    assert strict.counters['duplicate_names'] == 1


def test_a_message_of_other_joints_is_counted_as_such() -> None:
    strict = intake()
    assert strict.accept(raw(('wheel', 'gripper'))) is None
    assert strict.counters['other_joints'] == 1


def part(name: str, value: float, stamp_ns: int) -> RawSample:
    return RawSample(stamp_ns, (name,), (value,), (value,), (value,))


def test_partial_messages_are_put_together_with_the_newest_stamp() -> None:
    collecting = intake()
    assert collecting.accept(part('b', 2.0, 10 * MS)) is None
    state = collecting.accept(part('a', 1.0, 8 * MS))
    assert state is not None
    assert state.stamp_ns == 10 * MS
    np.testing.assert_array_equal(state.position, [1.0, 2.0])
    assert collecting.accept(part('a', 1.5, 11 * MS)) is None


def test_the_newer_of_two_partial_messages_counts() -> None:
    collecting = intake()
    collecting.accept(part('a', 1.0, 0))
    collecting.accept(part('a', 1.5, MS))
    state = collecting.accept(part('b', 2.0, MS))
    assert state is not None
    np.testing.assert_array_equal(state.position, [1.5, 2.0])


def test_partial_messages_far_apart_are_not_put_together() -> None:
    collecting = intake(max_partial_age=0.05)
    collecting.accept(part('a', 1.0, 0))
    assert collecting.accept(part('b', 2.0, 51 * MS)) is None
    assert collecting.counters['partial_too_old'] == 1
    assert collecting.accept(part('a', 1.5, 60 * MS)) is not None


def test_partial_messages_from_before_a_clock_was_set_back_are_forgotten() -> None:
    collecting = intake()
    collecting.accept(part('a', 1.0, 10**12))
    assert collecting.accept(part('b', 2.0, 0)) is None
    state = collecting.accept(part('a', 1.5, MS))
    assert state is not None
    assert state.stamp_ns == MS


def test_a_whole_message_makes_partial_ones_forgotten() -> None:
    collecting = intake()
    collecting.accept(part('a', 9.0, 0))
    state = collecting.accept(raw(stamp_ns=MS))
    assert state is not None
    np.testing.assert_array_equal(state.position, [1.0, 2.0])
    assert collecting.accept(part('b', 9.0, 2 * MS)) is None


def test_reset_forgets_partial_messages() -> None:
    collecting = intake()
    collecting.accept(part('a', 1.0, 0))
    collecting.reset()
    assert collecting.accept(part('b', 2.0, 0)) is None


def test_wrong_names_are_explained_with_the_closest() -> None:
    strict = intake()
    assert strict.accept(raw(('arm_a', 'arm_b'))) is None
    problem = strict.explain_names()
    assert problem is not None
    assert 'a -> arm_a?' in str(problem)
    strict.accept(raw())
    assert strict.explain_names() is None


def test_joints_without_finite_effort_are_named_as_the_messages_name_them() -> None:
    both = intake(rename={'a': 'left_a'}, need_effort=True)
    names = ('b', 'left_a')
    assert both.accept(raw(names, effort=(200.0, NAN))) is None
    named = [both.without_effort]
    assert both.accept(raw(names, effort=())) is None
    named.append(both.without_effort)
    assert both.accept(raw(('b',), (2.0,), (20.0,), (200.0,))) is None  # only this joint
    named.append(both.without_effort)
    assert named == [('left_a',), ('left_a', 'b'), ('left_a',)]
    assert both.accept(raw(names)) is not None
    assert not both.without_effort


FLOATS = st.lists(st.floats() | st.sampled_from([0.0, NAN, 1e300]), max_size=3)


@given(
    st.lists(st.sampled_from('abx'), max_size=3), FLOATS, FLOATS, FLOATS, st.integers(0, 10**18)
)
def test_whatever_comes_what_goes_out_is_finite(
    names: list[str], position: list[float], velocity: list[float], effort: list[float], stamp: int
) -> None:
    strict = intake(need_velocity=True, need_effort=True)
    state = strict.accept(RawSample(stamp, names, position, velocity, effort))
    if state is not None:
        assert np.isfinite(state.position).all()
        assert np.isfinite(state.velocity).all()
        assert np.isfinite(state.effort).all()
    assert sum(strict.counters.values()) == 1
