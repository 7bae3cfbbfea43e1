# SPDX-License-Identifier: Apache-2.0
"""Tests for intake.py."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.signals.time_grid import Intake
import numpy as np
import pytest

NAN, INF = float('nan'), float('inf')
MS = 1_000_000


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
