# SPDX-License-Identifier: Apache-2.0
"""Tests of live recording."""

from pathlib import Path
import signal
import subprocess
import sys

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.data.bags.cdr import JOINT_STATE
from lstm_dynamics_ros.data.bags.messages import joint_state, typestore
from lstm_dynamics_ros.data.bags.reader import read_recording, topics
from lstm_dynamics_ros.data.bags.recorder import BagStream
import numpy as np
import pytest
from rosbags.highlevel import AnyReader


def raw(k: int) -> bytes:
    values = np.array([k, -k], np.float64)
    message = joint_state(1000 * k, ['a', 'b'], values, values, values)
    return bytes(typestore().serialize_cdr(message, JOINT_STATE))


def test_a_closed_stream_is_a_bag_like_any_other(tmp_path: Path) -> None:
    with BagStream(tmp_path / 'bag', notes={'robot': 'arm'}) as stream:
        for k in range(1, 51):
            stream.write('joint_states', JOINT_STATE, 1000 * k, raw(k))
    assert stream.counts == {'/joint_states': 50}
    recording = read_recording(tmp_path / 'bag')
    assert recording.position[:, 0].tolist() == list(range(1, 51))
    assert recording.counters['recovered'] == 0
    assert recording.notes['robot'] == 'arm'
    with AnyReader([tmp_path / 'bag']) as reader:
        assert reader.message_count == 50
        assert reader.duration == 49_001


def test_a_stream_that_was_never_closed_is_read_up_to_the_last_flush(tmp_path: Path) -> None:
    stream = BagStream(tmp_path / 'bag')
    for k in range(1, 51):
        stream.write('joint_states', JOINT_STATE, 1000 * k, raw(k))
    stream.flush()
    recording = read_recording(tmp_path / 'bag')
    assert len(recording) == 50
    assert recording.counters['recovered'] == 50
    assert topics(tmp_path / 'bag') == [('/joint_states', JOINT_STATE, 50)]
    stream.close()


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[2])
from test_recorder import raw
from lstm_dynamics_ros.data.bags.recorder import BagStream
from lstm_dynamics_ros.data.bags.cdr import JOINT_STATE

class Reporting(BagStream):
    def flush(self):
        before = self.counts.get('/joint_states', 0)
        super().flush()
        print(before, flush=True)

stream = Reporting(sys.argv[1], period=0.05)
k = 0
while True:
    k += 1
    stream.write('joint_states', JOINT_STATE, 1000 * k, raw(k))
"""


def test_kill_minus_nine_loses_nothing_that_was_flushed(tmp_path: Path) -> None:
    command = [sys.executable, '-c', PROGRAM, str(tmp_path / 'bag'), str(Path(__file__).parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        reported = [int(process.stdout.readline()) for _ in range(4)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines()
    flushed = int(rest[-1]) if rest else reported[-1]
    assert process.returncode == -signal.SIGKILL
    recording = read_recording(tmp_path / 'bag')
    assert len(recording) >= flushed > 0
    expected = np.arange(1, len(recording) + 1)
    np.testing.assert_array_equal(recording.position[:, 0], expected)
    np.testing.assert_array_equal(recording.stamp_ns, 1000 * expected)


def test_a_stream_without_messages_leaves_nothing_behind(tmp_path: Path) -> None:
    BagStream(tmp_path / 'bag').close()
    assert list(tmp_path.iterdir()) == []


def test_a_bag_that_is_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / 'bag').mkdir()
    with pytest.raises(DataError, match='exists already'):
        BagStream(tmp_path / 'bag')


def test_an_unknown_message_type_is_refused_by_name(tmp_path: Path) -> None:
    with BagStream(tmp_path / 'bag') as stream, pytest.raises(DataError, match='my_msgs/msg/X'):
        stream.write('x', 'my_msgs/msg/X', 1, b'')


def test_a_closed_stream_refuses_messages(tmp_path: Path) -> None:
    stream = BagStream(tmp_path / 'bag')
    stream.close()
    stream.close()
    with pytest.raises(DataError, match='is closed'):
        stream.write('joint_states', JOINT_STATE, 1, raw(1))
