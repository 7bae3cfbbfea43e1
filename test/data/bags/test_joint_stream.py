# SPDX-License-Identifier: Apache-2.0
"""Tests of the signals of one topic."""

from pathlib import Path

from lstm_dynamics_ros.data.bags import joint_stream
from lstm_dynamics_ros.data.bags.cdr import JOINT_STATE, TRAJECTORY
from lstm_dynamics_ros.data.bags.joint_stream import choose_topic, JointStream, read_track
from lstm_dynamics_ros.data.bags.messages import joint_state, joint_trajectory
from lstm_dynamics_ros.data.bags.storage import Bag, open_bag
from lstm_dynamics_ros.data.bags.writer import BagWriter
import numpy as np
import pytest


@pytest.fixture
def bag(tmp_path: Path) -> Bag:
    """Return joint states of two publishers, and references of two joints in turn."""
    with BagWriter(tmp_path / 'bag') as writer:
        for k in range(100):
            name = 'ab'[k % 2]
            value = np.array([float(k)])
            message = joint_state(10 + k, [name], value, value, value)
            writer.write('joint_states', JOINT_STATE, 1000 + k, message)
            point = {'position': value, 'acceleration': -value}
            stamp = 0 if k < 2 else 10 + k
            trajectory = joint_trajectory(stamp, [name], [point, {}], 0.5)
            writer.write('node/reference', TRAJECTORY, 1000 + k, trajectory)
    return open_bag(tmp_path / 'bag')


@pytest.mark.parametrize('block', [1, 7, 1000])
def test_messages_come_in_order_whatever_the_block(
    bag: Bag, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(joint_stream, '_BLOCK', block)
    stream = JointStream(bag, choose_topic(bag, None))
    samples = list(stream.samples())
    assert [sample.stamp_ns for sample in samples] == list(range(10, 110))
    assert [float(sample.position[0]) for sample in samples] == list(range(100))
    assert [sample.names[0] for sample in samples] == ['a', 'b'] * 50
    assert stream.names == ('a', 'b')


def test_a_reference_is_read_by_joint_with_nan_where_absent(bag: Bag) -> None:
    track = read_track(bag, ('reference',), ('a', 'b'))
    assert track is not None
    assert track.joint_names == ('a', 'b')
    np.testing.assert_array_equal(track.position[:2], [[0, np.nan], [np.nan, 1]])
    np.testing.assert_array_equal(track.acceleration[3], [np.nan, -3])
    assert np.isnan(track.velocity).all()


def test_an_unstamped_reference_gets_its_time_of_reception(bag: Bag) -> None:
    track = read_track(bag, ('reference',), ('a', 'b'))
    assert track is not None
    assert track.stamp_ns[:4].tolist() == [1000, 1001, 12, 13]


def test_a_bag_without_commands_has_none(bag: Bag) -> None:
    assert read_track(bag, ('commands', 'command'), ('a', 'b')) is None


def test_times_of_reception_are_put_on_the_clock_of_simulation(tmp_path: Path) -> None:
    wall = 1_700_000_000_000_000_000
    one = np.ones(1)
    with BagWriter(tmp_path / 'bag') as writer:
        for k in range(100):  # simulation runs at half the speed
            stamp, now = 5_000_000 * k + 7, wall + 10_000_000 * k
            writer.write(
                'joint_states', JOINT_STATE, now, joint_state(stamp, ['a'], one, one, one)
            )
            if k == 50:
                command = joint_trajectory(0, ['a'], [{'effort': one}])
                writer.write('command', TRAJECTORY, now + 2_000_000, command)
    opened = open_bag(tmp_path / 'bag')
    track = read_track(opened, ('command',), ('a',), JointStream(opened, '/joint_states'))
    assert track is not None
    assert track.stamp_ns.tolist() == [5_000_000 * 50 + 7 + 1_000_000]


def test_a_clock_that_is_a_little_off_is_left_alone(bag: Bag) -> None:
    stream = JointStream(bag, '/joint_states')
    times = np.array([5, 1500])
    np.testing.assert_array_equal(stream.on_robot_clock(times), times)
