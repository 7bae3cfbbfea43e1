# SPDX-License-Identifier: Apache-2.0
"""Tests of the decoder, against the serialiser of rosbags."""

from collections.abc import Sequence
import struct

from hypothesis import given, settings
from hypothesis import strategies as st
from lstm_dynamics_ros.data.bags.cdr import Decoder, FLOAT_ARRAY, JOINT_STATE, TRAJECTORY
from lstm_dynamics_ros.data.bags.messages import joint_state, joint_trajectory, typestore
import numpy as np
import pytest


def serialise(message: object, kind: str, *, little: bool = True) -> bytes:
    return bytes(typestore().serialize_cdr(message, kind, little_endian=little))


def state(stamp: int, names: Sequence[str], n_effort: int, frame: str = '') -> object:
    n = len(names)
    values = np.arange(n, dtype=np.float64)
    made = joint_state(stamp, names, values + 0.5, values - 0.25, 2.0 * values[:n_effort])
    made.header.frame_id = frame  # type: ignore[attr-defined]
    return made


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**31 * 10**9 - 1),
            st.lists(st.text('abc_/é', min_size=0, max_size=9), max_size=4),
            st.booleans(),
            st.text('xyz', max_size=5),
            st.booleans(),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_any_mix_of_joint_states_is_read_as_it_was_serialised(
    messages: list[tuple[int, list[str], bool, str, bool]],
) -> None:
    raw = []
    for stamp, names, effort, frame, little in messages:
        message = state(stamp, names, len(names) if effort else 0, frame)
        raw.append(serialise(message, JOINT_STATE, little=little))
    seen = set()
    for batch in Decoder(JOINT_STATE).decode(raw):
        for k, row in enumerate(batch.rows.tolist()):
            seen.add(row)
            stamp, names, effort, _, _ = messages[row]
            assert batch.layout.names == tuple(names)
            assert batch.stamp_ns[k] == stamp
            expected = np.arange(len(names) if effort else 0) * 2.0
            np.testing.assert_array_equal(batch.values['effort'][k], expected)
            np.testing.assert_array_equal(batch.values['position'][k], np.arange(len(names)) + 0.5)
    assert seen == set(range(len(messages)))


def test_equal_messages_come_in_one_batch() -> None:
    raw = [serialise(state(k, ['a', 'b'], 2), JOINT_STATE) for k in range(100)]
    batches = list(Decoder(JOINT_STATE).decode(raw))
    assert len(batches) == 1
    np.testing.assert_array_equal(batches[0].stamp_ns, np.arange(100))


def test_messages_that_all_differ_are_still_read() -> None:
    raw = [serialise(state(k, [f'joint{k:03d}'], 1), JOINT_STATE) for k in range(300)]
    rows = sorted(int(row) for b in Decoder(JOINT_STATE).decode(raw) for row in b.rows)
    assert rows == list(range(300))


def test_a_trajectory_gives_its_first_point_and_the_time_it_is_for() -> None:
    points = [{'position': np.array([1.0]), 'effort': np.array([3.0])}, {}]
    raw = serialise(joint_trajectory(5, ['a'], points, 0.25), TRAJECTORY)
    (batch,) = Decoder(TRAJECTORY).decode([raw])
    assert batch.layout.points == 2
    assert (batch.stamp_ns[0], batch.offset_ns[0]) == (5, 0)
    assert batch.values['position'].tolist() == [[1.0]]
    assert batch.values['velocity'].shape == (1, 0)
    assert batch.values['effort'].tolist() == [[3.0]]


def test_a_float_array_gives_its_data() -> None:
    types = typestore().types
    dimension = types['std_msgs/msg/MultiArrayDimension'](label='joints', size=2, stride=2)
    layout = types['std_msgs/msg/MultiArrayLayout'](dim=[dimension], data_offset=0)
    message = types[FLOAT_ARRAY](layout=layout, data=np.array([1.5, -2.5]))
    (batch,) = Decoder(FLOAT_ARRAY).decode([serialise(message, FLOAT_ARRAY)])
    assert batch.values['effort'].tolist() == [[1.5, -2.5]]


@pytest.mark.parametrize('keep', [0, 3, 11, 40, 60])
def test_a_message_that_ends_too_early_is_counted_and_left_out(keep: int) -> None:
    whole = serialise(state(1, ['a', 'b'], 2), JOINT_STATE)
    decoder = Decoder(JOINT_STATE)
    batches = list(decoder.decode([whole, whole[:keep]]))
    assert [b.rows.tolist() for b in batches] == [[0]]
    assert decoder.malformed == 1


def test_a_sequence_longer_than_the_message_is_malformed() -> None:
    raw = bytearray(serialise(state(1, ['a'], 0), JOINT_STATE))
    raw[-4:] = struct.pack('<I', 1 << 30)
    decoder = Decoder(JOINT_STATE)
    assert list(decoder.decode([bytes(raw)])) == []
    assert decoder.malformed == 1
