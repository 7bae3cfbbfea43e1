# SPDX-License-Identifier: Apache-2.0
"""Recordings, tracks, and names of the model for joints that the messages call otherwise."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import (
    ConfigError,
    JointNamesError,
    ShapeError,
    UnknownNameError,
)
from lstm_dynamics_ros.data.recording import make_track, model_names, Recording, renamed
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


Make = Callable[..., Recording]


def test_a_prefix_is_taken_off_where_it_stands() -> None:
    names = model_names(('fer_joint1', 'gripper'), prefix='fer_')
    assert names == {'fer_joint1': 'joint1', 'gripper': 'gripper'}


def test_the_map_comes_before_the_prefix() -> None:
    names = model_names(('fer_a', 'fer_b'), prefix='fer_', joint_map=['elbow:fer_b'])
    assert names == {'fer_a': 'a', 'fer_b': 'elbow'}


def test_a_name_that_is_the_prefix_stays() -> None:
    assert model_names(('arm',), prefix='arm') == {'arm': 'arm'}


@pytest.mark.parametrize('entry', ['a', 'a:', ':a'])
def test_an_entry_without_two_names_is_refused(entry: str) -> None:
    with pytest.raises(ConfigError, match='model_joint:message_name'):
        model_names(('a',), joint_map=[entry])


def test_a_name_in_no_message_is_refused() -> None:
    with pytest.raises(UnknownNameError, match='fer_joint2'):
        model_names(('fer_joint1',), joint_map=['joint1:fer_joint2'])


def test_two_joints_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match='one name'):
        model_names(('a', 'b'), joint_map=['b:a'])


def test_recordings_get_the_names_and_keep_the_numbers(make_recording: Make) -> None:
    made = make_recording(tracks=True)
    reference = made.reference
    assert reference is not None
    there = replace(
        made,
        joint_names=('fer_joint1', 'fer_joint2'),
        reference=replace(reference, joint_names=('fer_joint1', 'fer_joint2')),
        command=None,
    )
    (back,) = renamed([there], prefix='fer_')
    assert back.joint_names == made.joint_names
    assert back.reference is not None
    assert back.reference.joint_names == reference.joint_names
    np.testing.assert_array_equal(back.position, made.position)


def test_without_names_to_change_nothing_is_touched(make_recording: Make) -> None:
    made = make_recording()
    assert renamed([made])[0] is made
