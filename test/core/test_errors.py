# SPDX-License-Identifier: Apache-2.0
"""Tests for errors.py: every message says what was expected, what came, and what to do."""

from lstm_dynamics_ros.core import errors
from lstm_dynamics_ros.core.errors import (
    JointNamesError,
    LstmDynamicsError,
    MissingLibraryError,
    ModelFileError,
    NoJointStatesError,
    ShapeError,
    TooShortError,
    UnknownNameError,
)


def test_all_errors_have_one_root() -> None:
    classes = [
        c for c in vars(errors).values() if isinstance(c, type) and c.__module__ == errors.__name__
    ]
    assert len(classes) > 5
    assert all(issubclass(c, LstmDynamicsError) for c in classes)


def test_an_unknown_name_lists_the_known_ones_and_the_closest() -> None:
    assert str(UnknownNameError('cell', 'lsmt', ['lstm', 'gru'])) == (
        "Unknown cell 'lsmt'. Known: gru, lstm. Did you mean 'lstm'?"
    )
    assert str(UnknownNameError('cell', 'x', [])) == "Unknown cell 'x'. Known: none."


def test_a_shape_error_shows_both_shapes() -> None:
    message = str(ShapeError('Torque', (2,), (3,)))
    assert message == 'Torque must have shape (2,), got (3,).'


def test_wrong_joint_names_show_both_lists_and_the_closest_match() -> None:
    error = JointNamesError(['joint1', 'joint2'], ['left_joint1', 'wheel'])
    assert error.missing == ['joint1', 'joint2']
    assert "Expected ['joint1', 'joint2'], got ['left_joint1', 'wheel']" in str(error)
    assert 'joint1 -> left_joint1?' in str(error)
    assert 'joint_prefix' in str(error)


def test_names_that_resemble_nothing_say_so() -> None:
    assert 'a -> no similar name' in str(JointNamesError(['a'], ['wheel']))


def test_a_bag_without_joint_states_lists_its_topics() -> None:
    message = str(NoJointStatesError('x.bag', [('/tf', 'tf2_msgs/msg/TFMessage')]))
    assert message.endswith('Its topics: /tf (tf2_msgs/msg/TFMessage).')
    assert str(NoJointStatesError('x.bag', [])).endswith('Its topics: none.')


def test_too_short_data_say_how_long_they_must_be() -> None:
    message = str(TooShortError(0.5, 2.0))
    assert '0.50 s' in message
    assert '2.00 s' in message


def test_a_model_file_error_names_the_check() -> None:
    error = ModelFileError('m.onnx', 'checksum', 'it was changed.')
    assert error.check == 'checksum'
    assert str(error) == 'Model m.onnx failed the checksum check: it was changed.'


def test_a_missing_library_says_what_to_install() -> None:
    assert "pip install 'lstm_dynamics_ros[train]'" in str(MissingLibraryError('torch'))
