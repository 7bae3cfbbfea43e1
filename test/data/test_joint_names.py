# SPDX-License-Identifier: Apache-2.0
"""Names of the model for joints that the messages call otherwise."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.data.recording import model_names, Recording, renamed
import numpy as np
import pytest

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
