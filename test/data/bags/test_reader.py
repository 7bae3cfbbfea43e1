# SPDX-License-Identifier: Apache-2.0
"""Tests of reading bags."""

from collections.abc import Sequence
from pathlib import Path
import subprocess
import sys

from lstm_dynamics_ros.core.errors import DataError, JointNamesError, NoJointStatesError
from lstm_dynamics_ros.data.bags.cdr import FLOAT_ARRAY, JOINT_STATE
from lstm_dynamics_ros.data.bags.messages import joint_state, typestore
from lstm_dynamics_ros.data.bags.reader import (
    find_bags,
    iterate,
    read_recording,
    read_recordings,
    topics,
)
from lstm_dynamics_ros.data.bags.writer import BagWriter
from lstm_dynamics_ros.signals.time_grid import Intake
import numpy as np
import pytest

Row = tuple[int, Sequence[str], Sequence[float], Sequence[float], Sequence[float]]


def write(path: Path, rows: Sequence[Row], topic: str = 'joint_states') -> Path:
    """Write messages given as (stamp, names, position, velocity, effort), one per microsecond."""
    types = typestore().types
    with BagWriter(path) as bag:
        for k, (stamp, names, *signals) in enumerate(rows):
            message = joint_state(stamp, names, *(np.zeros(0) for _ in range(3)))
            fields = ('position', 'velocity', 'effort')
            for field, values in zip(fields, signals, strict=True):
                setattr(message, field, np.array(values, np.float64))
            assert isinstance(message, types[JOINT_STATE])
            bag.write(topic, JOINT_STATE, 1000 * (k + 1), message)
    return path


def test_the_franka_bag_is_read_as_it_is(published: Path) -> None:
    recording = read_recording(published / 'ur10_unisa_rosbag2/panda_exciting_trajectory.db3')
    assert recording.joint_names == tuple(f'fer_joint{j}' for j in range(1, 8))
    assert recording.position.shape == (727, 7)
    assert recording.duration == pytest.approx(24.2, abs=0.01)
    steps = np.diff(recording.stamp_ns) * 1e-6
    assert (steps.min(), steps.max()) == (pytest.approx(32.4, abs=0.1), pytest.approx(34.2, abs=1))
    assert recording.counters['accepted'] == 727
    assert recording.counters['zero_stamp'] == 0
    assert np.isfinite(recording.effort).all()


def test_the_ur10_bag_is_read_as_it_is(published: Path) -> None:
    recording = read_recording(published / 'ur10_unisa_rosbag2/ur10_exciting_trajectory.db3')
    assert recording.joint_names[:3] == (
        'shoulder_pan_joint',
        'shoulder_lift_joint',
        'elbow_joint',
    )
    assert recording.position.shape == (3441, 6)
    assert np.median(np.diff(recording.stamp_ns)) == 8_000_000
    derived = np.gradient(recording.position, 0.008, axis=0)
    for j in range(6):
        assert np.corrcoef(derived[5:-5, j], recording.velocity[5:-5, j])[0, 1] > 0.9999


def test_a_bag_without_joint_states_lists_its_topics(published: Path) -> None:
    path = published / 'ur10_unisa_rosbag2/validation_trajectory.db3'
    listed = r'/joint_space_trajectory \(trajectory_msgs/msg/JointTrajectory\)'
    with pytest.raises(NoJointStatesError, match=listed):
        read_recording(path)


def test_rows_are_mapped_by_name_and_partial_messages_merged(tmp_path: Path) -> None:
    rows: list[Row] = [
        (1, ['b', 'a'], [2, 1], [20, 10], []),
        (2, ['a'], [3], [30], [300]),
        (3, ['gripper'], [9], [], []),
        (4, ['b'], [4], [40], [400]),
    ]
    recording = read_recording(write(tmp_path / 'bag', rows), joint_names=['a', 'b'])
    assert recording.stamp_ns.tolist() == [1, 4]
    assert recording.position.tolist() == [[1, 2], [3, 4]]
    assert recording.velocity.tolist() == [[10, 20], [30, 40]]
    assert np.isnan(recording.effort[0]).all()
    assert recording.effort[1].tolist() == [300, 400]
    assert recording.counters['partial'] == 2
    assert recording.counters['other_joints'] == 1


def test_all_joints_are_read_when_none_are_named(tmp_path: Path) -> None:
    rows: list[Row] = [(1, ['b'], [2], [], []), (2, ['a'], [3], [], [])]
    recording = read_recording(write(tmp_path / 'bag', rows))
    assert recording.joint_names == ('b', 'a')
    assert recording.position.tolist() == [[2, 3]]


def test_nan_effort_stays_nan_and_nan_position_is_dropped(tmp_path: Path) -> None:
    nan = float('nan')
    rows: list[Row] = [
        (1, ['a', 'b'], [1, 2], [1, 2], [nan, 5]),
        (2, ['a', 'b'], [nan, 2], [1, 2], [4, 5]),
        (3, ['a', 'b'], [1], [1, 2], [4, 5]),
    ]
    recording = read_recording(write(tmp_path / 'bag', rows))
    np.testing.assert_array_equal(recording.effort, [[nan, 5]])
    assert recording.counters['position_not_finite'] == 1
    assert recording.counters['wrong_length'] == 1


def test_repeated_and_backward_stamps_are_kept_and_counted(tmp_path: Path) -> None:
    stamps = [10**9, 2 * 10**9, 2 * 10**9, 2 * 10**9 - 5, 3 * 10**9, 10**9]
    rows: list[Row] = [(stamp, ['a'], [k], [], []) for k, stamp in enumerate(stamps)]
    recording = read_recording(write(tmp_path / 'bag', rows))
    assert recording.stamp_ns.tolist() == stamps
    assert recording.counters['duplicate_stamp'] == 1
    assert recording.counters['out_of_order'] == 1
    assert recording.counters['clock_jump_back'] == 1


def test_unstamped_messages_get_their_time_of_reception(tmp_path: Path) -> None:
    rows: list[Row] = [(0, ['a'], [k], [], []) for k in range(3)]
    recording = read_recording(write(tmp_path / 'bag', rows))
    assert recording.stamp_ns.tolist() == [1000, 2000, 3000]
    assert recording.counters['zero_stamp'] == 3


def test_stamps_that_start_at_zero_are_taken_as_they_are(tmp_path: Path) -> None:
    rows: list[Row] = [(k, ['a'], [k], [], []) for k in range(3)]
    recording = read_recording(write(tmp_path / 'bag', rows))
    assert recording.stamp_ns.tolist() == [0, 1, 2]
    assert recording.counters['zero_stamp'] == 0


def test_counters_are_those_of_the_node(tmp_path: Path) -> None:
    rows: list[Row] = [
        (1, ['a', 'b'], [1, 2], [1, 2], []),
        (2, ['a', 'a'], [1, 2], [], []),
        (3, ['b'], [1], [], []),
        (4, ['c'], [1], [], []),
        (5, ['a', 'b'], [1, 2], [1], []),
    ]
    path = write(tmp_path / 'bag', rows)
    recording = read_recording(path, joint_names=['a', 'b'])
    intake = Intake(['a', 'b'])
    for sample in iterate(path):
        intake.accept(sample)
    assert {key: recording.counters[key] for key in intake.counters} == intake.counters


def test_iterate_gives_messages_as_they_came(tmp_path: Path) -> None:
    rows: list[Row] = [(1, ['b'], [2], [], [7]), (2, ['a', 'b'], [3, 4], [5, 6], [])]
    first, second = iterate(write(tmp_path / 'bag', rows))
    assert (first.stamp_ns, tuple(first.names), list(first.effort)) == (1, ('b',), [7])
    assert (tuple(second.names), list(second.velocity)) == (('a', 'b'), [5, 6])


def test_renamed_joints_are_found_by_the_robots_name(tmp_path: Path) -> None:
    path = write(tmp_path / 'bag', [(1, ['left_a', 'left_b'], [1, 2], [], [])])
    recording = read_recording(path, joint_names=['b'], rename={'b': 'left_b'})
    assert recording.joint_names == ('b',)
    assert recording.position.tolist() == [[2]]


def test_a_wanted_joint_that_never_occurs_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / 'bag', [(1, ['elbow_joint'], [1], [], [])])
    with pytest.raises(JointNamesError, match='elbow -> elbow_joint'):
        read_recording(path, joint_names=['elbow'])


def test_of_several_topics_the_one_called_joint_states_is_read(tmp_path: Path) -> None:
    with BagWriter(tmp_path / 'bag') as bag:
        for topic, value in (
            ('x/predicted_joint_states', 1.0),
            ('other', 2.0),
            ('r/joint_states', 3.0),
        ):
            position = np.array([value])
            message = joint_state(1, ['a'], position, position, position)
            bag.write(topic, JOINT_STATE, 1, message)
    assert read_recording(tmp_path / 'bag').position[0, 0] == 3.0
    assert read_recording(tmp_path / 'bag', topic='other').position[0, 0] == 2.0
    with pytest.raises(NoJointStatesError, match='/other'):
        read_recording(tmp_path / 'bag', topic='nothing')


def test_what_the_node_says_itself_is_no_measurement(tmp_path: Path) -> None:
    with BagWriter(tmp_path / 'bag') as bag:
        for topic, value in (
            ('x/predicted_joint_states', 1.0),
            ('x/prediction_bounds', 2.0),
            ('x/prediction_error', 3.0),
            ('measured', 4.0),
        ):
            position = np.array([value])
            bag.write(topic, JOINT_STATE, 1, joint_state(1, ['a'], position, position, position))
    assert read_recording(tmp_path / 'bag').position[0, 0] == 4.0


def test_several_robots_in_a_bag_need_a_topic(tmp_path: Path) -> None:
    with BagWriter(tmp_path / 'bag') as bag:
        for topic in ('left/joint_states', 'right/joint_states'):
            one = np.ones(1)
            bag.write(topic, JOINT_STATE, 1, joint_state(1, ['a'], one, one, one))
    with pytest.raises(DataError, match='/left/joint_states, /right/joint_states'):
        read_recording(tmp_path / 'bag')


def test_commands_without_names_are_in_the_order_of_the_joints(tmp_path: Path) -> None:
    types = typestore().types
    layout = types['std_msgs/msg/MultiArrayLayout'](dim=[], data_offset=0)
    with BagWriter(tmp_path / 'bag') as bag:
        zero = np.zeros(2)
        bag.write('joint_states', JOINT_STATE, 1, joint_state(1, ['b', 'a'], zero, zero, zero))
        efforts = types[FLOAT_ARRAY](layout=layout, data=np.array([1.0, 2.0]))
        bag.write('effort_controller/commands', FLOAT_ARRAY, 77, efforts)
    command = read_recording(tmp_path / 'bag').command
    assert command is not None
    assert command.joint_names == ('b', 'a')
    assert command.stamp_ns.tolist() == [77]
    assert command.effort.tolist() == [[1.0, 2.0]]


def test_a_bag_whose_messages_are_all_unusable_says_what_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / 'bag', [(1, ['a', 'a'], [1, 2], [], [])])
    with pytest.raises(DataError, match='no usable message on /joint_states: duplicate_names 1'):
        read_recording(path)


def test_bags_of_one_robot_get_one_joint_order(tmp_path: Path) -> None:
    write(tmp_path / 'all/one', [(1, ['a', 'b'], [1, 2], [], [])])
    write(tmp_path / 'all/two', [(1, ['b', 'c', 'a'], [2, 3, 1], [], [])])
    recordings = read_recordings([tmp_path / 'all'])
    assert [r.name for r in recordings] == ['one', 'two']
    assert [r.position.tolist() for r in recordings] == [[[1, 2]], [[1, 2]]]


def test_bags_of_different_robots_are_refused(tmp_path: Path) -> None:
    one = write(tmp_path / 'one', [(1, ['a', 'b'], [1, 2], [], [])])
    two = write(tmp_path / 'two', [(1, ['c', 'b'], [1, 2], [], [])])
    with pytest.raises(JointNamesError, match="'a', 'b'"):
        read_recordings([one, two])


def test_bags_of_one_name_are_distinguished_by_their_folders(tmp_path: Path) -> None:
    for folder in ('x', 'y'):
        write(tmp_path / folder / 'run', [(1, ['a'], [1], [], [])])
    write(tmp_path / 'y/other', [(1, ['a'], [1], [], [])])
    recordings = read_recordings([tmp_path / 'x', tmp_path / 'y'])
    assert [r.name for r in recordings] == ['x/run', 'other', 'y/run']


def test_one_path_needs_no_list(tmp_path: Path) -> None:
    bag = write(tmp_path / 'all/run', [(1, ['a'], [1], [], [])])
    for path in (bag, tmp_path / 'all', str(tmp_path / 'all')):
        assert [r.name for r in read_recordings(path)] == ['run']


def test_a_bag_that_is_given_twice_is_read_once(tmp_path: Path) -> None:
    bag = write(tmp_path / 'all/run', [(1, ['a'], [1], [], [])])
    assert len(read_recordings([tmp_path / 'all', bag, bag / '..' / 'run'])) == 1


def test_a_folder_without_bags_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='is no bag and holds none'):
        find_bags(tmp_path)


def test_topics_tell_name_type_and_number(tmp_path: Path) -> None:
    path = write(tmp_path / 'bag', [(1, ['a'], [1], [], []), (2, ['a'], [1], [], [])])
    assert topics(path) == [('/joint_states', JOINT_STATE, 2)]


def test_reading_bags_loads_no_torch() -> None:
    code = (
        'import sys, lstm_dynamics_ros.data.bags.reader, lstm_dynamics_ros.data.tables.convert, '
        'lstm_dynamics_ros.data.quality.report; '
        'print([m for m in ("torch", "scipy", "rclpy", "matplotlib") if m in sys.modules])'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
