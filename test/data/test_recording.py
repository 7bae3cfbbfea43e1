# SPDX-License-Identifier: Apache-2.0
"""Tests of the recording."""

from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError, JointNamesError, ShapeError
from lstm_dynamics_ros.data.recording import make_track, Recording
import numpy as np
import pytest


@pytest.fixture
def recording() -> Recording:
    """Return three rows of two joints."""
    stamps = np.array([0, 500_000_000, 2_000_000_000])
    values = np.arange(6.0).reshape(3, 2)
    return Recording(
        name='run',
        joint_names=('a', 'b'),
        joint_types=('revolute', 'prismatic'),
        stamp_ns=stamps,
        position=values,
        velocity=values + 10,
        effort=values + 20,
        reference=make_track(('b',), stamps, position=values[:, 1:]),
    )


def test_duration_is_from_earliest_to_latest_stamp(recording: Recording) -> None:
    assert recording.duration == 2.0
    assert replace(recording, stamp_ns=recording.stamp_ns[::-1]).duration == 2.0


def test_select_reorders_columns_and_types(recording: Recording) -> None:
    swapped = recording.select(['b', 'a'])
    assert swapped.joint_types == ('prismatic', 'revolute')
    np.testing.assert_array_equal(swapped.velocity[0], [11, 10])


def test_select_keeps_the_part_of_the_reference_that_is_known(recording: Recording) -> None:
    swapped = recording.select(['b', 'a'])
    assert swapped.reference is not None
    assert swapped.reference.joint_names == ('b',)
    assert recording.select(['a']).reference is None


def test_select_of_an_unknown_joint_names_the_closest(recording: Recording) -> None:
    named = replace(recording, joint_names=('shoulder', 'elbow'), reference=None)
    with pytest.raises(JointNamesError, match='shoulder_pan -> shoulder'):
        named.select(['shoulder_pan'])


def test_a_matrix_of_another_shape_is_refused(recording: Recording) -> None:
    with pytest.raises(ShapeError, match=r'Recording.effort must have shape \(3, 2\)'):
        replace(recording, effort=np.zeros((2, 2)))


def test_an_unknown_joint_type_is_refused(recording: Recording) -> None:
    with pytest.raises(ConfigError, match="revolute, continuous, prismatic, got 'ball'"):
        replace(recording, joint_types=('revolute', 'ball'))


def test_signals_that_a_track_does_not_have_are_nan() -> None:
    track = make_track(('a',), np.array([1]), effort=np.array([[2.0]]))
    assert np.isnan(track.position).all()
    assert track.effort[0, 0] == 2.0
