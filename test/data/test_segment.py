# SPDX-License-Identifier: Apache-2.0
"""Tests of placing recordings on the time grid."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.state import JointState
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import grid, longest, natural_step, segments
from lstm_dynamics_ros.signals.time_grid import GridSampler
import numpy as np
import pytest

Make = Callable[..., Recording]


def recording(times: list[float], values: list[float], kind: str = 'revolute') -> Recording:
    """Return one joint at the given positions; velocity 10 and effort 100 times as large."""
    column = np.array(values)[:, None]
    return Recording(
        name='run',
        joint_names=('a',),
        joint_types=(kind,),
        stamp_ns=np.round(np.array(times) * 1e9).astype(np.int64),
        position=column,
        velocity=10 * column,
        effort=100 * column,
    )


def test_values_are_on_the_line_between_the_messages_around_a_grid_point() -> None:
    # Grid points 0.01 and 0.02; 0.01 is half way from 0.008 to 0.012, 0.02 a quarter from 0.017.
    made = recording([0.008, 0.012, 0.017, 0.029], [1.0, 2.0, 3.0, 7.0])
    (segment,) = segments(made, 0.01)
    assert segment.start_index == 1
    np.testing.assert_allclose(segment.position[:, 0], [1.5, 4.0], rtol=1e-12)
    np.testing.assert_allclose(segment.velocity[:, 0], [15.0, 40.0], rtol=1e-12)
    np.testing.assert_allclose(segment.effort[:, 0], [150.0, 400.0], rtol=1e-12)


def test_values_are_those_of_the_live_path(make_recording: Make) -> None:
    made = make_recording(rate=137.0, joints=3)
    sampler = GridSampler(0.01)
    live = [
        point.state.position
        for k in range(len(made))
        for point in sampler.push(
            JointState(int(made.stamp_ns[k]), made.position[k], made.velocity[k], made.effort[k])
        )
    ]
    (segment,) = segments(made, 0.01)
    np.testing.assert_array_equal(segment.position, np.stack(live))


def test_values_agree_with_numpys_interpolation(make_recording: Make) -> None:
    made = make_recording(rate=137.0)
    (segment,) = segments(made, 0.01)
    origin = made.stamp_ns[0]
    stamps = (segment.start_index + np.arange(len(segment))) * 10_000_000 - origin
    early = stamps[:, None] - (made.stamp_ns - origin)  # a message 0.1 ms early is on the point
    between = ~((early > 0) & (early <= 100_000)).any(axis=1)
    assert between.mean() > 0.9
    for j in range(2):
        expected = np.interp(stamps * 1e-9, (made.stamp_ns - origin) * 1e-9, made.effort[:, j])
        np.testing.assert_allclose(segment.effort[between, j], expected[between], atol=1e-9)


def test_a_gap_cuts_the_recording() -> None:
    times = [0.01 * k for k in (*range(10), *range(50, 55))]
    made = grid(recording(times, list(range(15))), 0.01, max_gap_steps=5)
    assert [len(segment) for segment in made.segments] == [10, 5]
    assert [segment.start_index for segment in made.segments] == [0, 50]
    assert made.counters['gap'] == 1
    assert longest(made.segments) == pytest.approx(0.1)


def test_a_short_hole_is_bridged_and_marked() -> None:
    made = grid(recording([0.0, 0.01, 0.04, 0.05], [0, 1, 4, 5]), 0.01)
    (segment,) = made.segments
    np.testing.assert_allclose(segment.position[:, 0], [0, 1, 2, 3, 4, 5])
    assert segment.filled.tolist() == [False, False, False, True, False, False]


def test_repeated_and_backward_stamps_are_dropped() -> None:
    made = grid(recording([0.0, 0.01, 0.01, 0.005, 0.02], [0, 1, 9, 9, 2]), 0.01)
    (segment,) = made.segments
    assert segment.position[:, 0].tolist() == [0, 1, 2]
    assert made.counters['duplicate_stamp'] == 1
    assert made.counters['out_of_order'] == 1


def test_a_continuous_joint_goes_the_short_way_round() -> None:
    made = recording([0.005, 0.015], [3.1, -3.1], 'continuous')
    (segment,) = segments(made, 0.01)
    assert abs(segment.position[0, 0]) == pytest.approx(np.pi, abs=1e-9)
    (plain,) = segments(replace(made, joint_types=('revolute',)), 0.01)
    assert plain.position[0, 0] == pytest.approx(0.0)


def test_velocity_is_derived_only_when_asked() -> None:
    made = recording([0.0, 0.01, 0.02], [0.0, 0.1, 0.3])
    made = replace(made, velocity=np.full_like(made.velocity, np.nan))
    (plain,) = segments(made, 0.01)
    assert np.isnan(plain.velocity).all()
    (derived,) = segments(made, 0.01, derive_velocity=True)
    np.testing.assert_allclose(derived.velocity[:, 0], [0, 10, 20])


def test_rows_keep_their_place_on_the_grid() -> None:
    (segment,) = segments(recording([0.0, 0.01, 0.02, 0.03], [0, 1, 2, 3]), 0.01)
    part = segment.rows(1, 3)
    assert part.start_index == segment.start_index + 1
    assert part.position[:, 0].tolist() == [1, 2]


def test_a_recording_of_nothing_gives_no_segment() -> None:
    made = recording([0.0], [0.0])
    empty = replace(
        made,
        stamp_ns=made.stamp_ns[:0],
        position=made.position[:0],
        velocity=made.velocity[:0],
        effort=made.effort[:0],
    )
    assert segments(empty, 0.01) == []
    assert longest([]) == 0.0


@pytest.mark.parametrize(
    ('rate', 'step'),
    [
        (1000.0, 0.005),
        (500.0, 0.004),
        (250.0, 0.004),
        (125.0, 0.008),
        (100.0, 0.01),
        (30.0, 0.0333),
    ],
)
def test_the_natural_step_is_a_multiple_of_the_period_near_5_ms(rate: int, step: float) -> None:
    times = (np.arange(50) / rate).tolist()
    assert natural_step([recording(times, times)]) == pytest.approx(step, abs=1e-9)


def test_a_repeated_stamp_does_not_change_the_natural_step() -> None:
    times = [0.0, 0.01, 0.01, 0.02, 0.03, 0.05]
    assert natural_step([recording(times, times)]) == pytest.approx(0.01)


def test_one_message_has_no_natural_step() -> None:
    with pytest.raises(DataError, match='no two stamps'):
        natural_step([recording([0.0], [0.0])])
