# SPDX-License-Identifier: Apache-2.0
"""Tests of writing bags."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError, UnknownNameError
from lstm_dynamics_ros.data.bags.cdr import JOINT_STATE
from lstm_dynamics_ros.data.bags.messages import joint_state
from lstm_dynamics_ros.data.bags.reader import read_recording, topics
from lstm_dynamics_ros.data.bags.writer import BagWriter, write_bag
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest
from rosbags.highlevel import AnyReader

Make = Callable[..., Recording]


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_a_recording_comes_back_with_tracks_types_and_notes(
    make_recording: Make, tmp_path: Path, storage: str
) -> None:
    made = make_recording(tracks=True)
    made = replace(made, joint_types=('continuous', 'prismatic'), notes={'split': 'train'})
    write_bag(made, tmp_path / 'bag', storage=storage)
    read = read_recording(tmp_path / 'bag')
    for name in ('stamp_ns', 'position', 'velocity', 'effort'):
        np.testing.assert_array_equal(getattr(read, name), getattr(made, name))
    assert read.joint_types == ('continuous', 'prismatic')
    assert read.notes['split'] == 'train'
    assert made.reference is not None
    assert made.command is not None
    assert read.reference is not None
    assert read.command is not None
    assert read.command.joint_names == made.command.joint_names
    for track in ('reference', 'command'):
        for name in ('stamp_ns', 'position', 'velocity', 'acceleration', 'effort'):
            got, expected = (getattr(getattr(r, track), name) for r in (read, made))
            np.testing.assert_array_equal(got, expected)


def test_rosbags_own_reader_reads_the_same(make_recording: Make, tmp_path: Path) -> None:
    made = make_recording(tracks=True)
    write_bag(made, tmp_path / 'bag', topic='arm/joint_states')
    assert {topic.name for topic in topics(tmp_path / 'bag')} == {
        '/arm/joint_states',
        '/arm/reference',
        '/arm/command',
    }
    with AnyReader([tmp_path / 'bag']) as reader:
        states = [
            reader.deserialize(raw, connection.msgtype)
            for connection, _, raw in reader.messages()
            if connection.msgtype == JOINT_STATE
        ]
    positions = np.stack([state.position for state in states])  # type: ignore[attr-defined]
    np.testing.assert_array_equal(positions, made.position)


def test_topics_are_interleaved_by_time(make_recording: Make, tmp_path: Path) -> None:
    write_bag(make_recording(tracks=True), tmp_path / 'bag')
    with AnyReader([tmp_path / 'bag']) as reader:
        order = [connection.topic for connection, _, _ in reader.messages()]
    assert sorted(order[:3]) == ['/command', '/joint_states', '/reference']


def test_absent_signals_are_written_as_empty(make_recording: Make, tmp_path: Path) -> None:
    made = make_recording()
    write_bag(replace(made, effort=np.full_like(made.effort, np.nan)), tmp_path / 'bag')
    with AnyReader([tmp_path / 'bag']) as reader:
        connection, _, raw = next(reader.messages())
        assert len(reader.deserialize(raw, connection.msgtype).effort) == 0  # type: ignore[attr-defined]
    assert np.isnan(read_recording(tmp_path / 'bag').effort).all()


def test_stamps_that_step_back_keep_their_place(make_recording: Make, tmp_path: Path) -> None:
    made = make_recording()
    stamps = made.stamp_ns.copy()
    stamps[10] = stamps[3]
    write_bag(replace(made, stamp_ns=stamps), tmp_path / 'bag')
    np.testing.assert_array_equal(read_recording(tmp_path / 'bag').stamp_ns, stamps)


def test_a_bag_is_not_overwritten_unless_asked(make_recording: Make, tmp_path: Path) -> None:
    write_bag(make_recording(), tmp_path / 'bag')
    with pytest.raises(DataError, match='exists already'):
        write_bag(make_recording(seed=1), tmp_path / 'bag')
    write_bag(make_recording(seed=1), tmp_path / 'bag', overwrite=True)
    read = read_recording(tmp_path / 'bag')
    np.testing.assert_array_equal(read.position, make_recording(seed=1).position)


def test_a_folder_that_is_no_bag_is_never_overwritten(
    make_recording: Make, tmp_path: Path
) -> None:
    (tmp_path / 'thesis').mkdir()
    (tmp_path / 'thesis/chapter1.txt').write_text('x', encoding='utf-8')
    with pytest.raises(DataError, match='is no bag, so it is left alone'):
        write_bag(make_recording(), tmp_path / 'thesis', overwrite=True)


def test_an_error_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with BagWriter(tmp_path / 'bag') as bag:
            one = np.ones(1)
            bag.write('joint_states', JOINT_STATE, 1, joint_state(1, ['a'], one, one, one))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_storage_lists_the_known_ones(make_recording: Make, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match='Known: mcap, sqlite3'):
        write_bag(make_recording(), tmp_path / 'bag', storage='hdf5')
