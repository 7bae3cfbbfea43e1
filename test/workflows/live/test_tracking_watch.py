# SPDX-License-Identifier: Apache-2.0
"""Tests for tracking_watch.py."""

from collections.abc import Sequence
import math
from typing import cast

from lstm_dynamics_ros.ros.topics.conversions import set_time
from lstm_dynamics_ros.workflows.live.observer import Kept, Observer
from lstm_dynamics_ros.workflows.live.tracking_watch import stamp_of, TrackingWatch
from numpy.testing import assert_allclose
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

MILLISECOND = 1_000_000
BEGIN = 1_700_000_000_000_000_000


class Streams:
    """Stands for an observer."""

    def __init__(self) -> None:
        self.streams: dict[str, list[Kept]] = {'reference': [], 'truth': []}

    def kept(self, name: str, begin: int = 0) -> Sequence[Kept]:
        return self.streams[name][begin:]

    def say(self, name: str, milliseconds: int, *position: float) -> None:
        if name == 'truth':
            message = JointState(position=list(position))
        else:
            points = [JointTrajectoryPoint(positions=list(p)) for p in (position, [9.0, 9.0])]
            message = JointTrajectory(points=points)
        set_time(message.header.stamp, BEGIN + milliseconds * MILLISECOND)
        self.streams[name].append(Kept(0.0, serialize_message(message)))


def watch(streams: Streams) -> TrackingWatch:
    return TrackingWatch(cast('Observer', streams))


def test_errors_are_taken_where_both_are_known_whichever_comes_first() -> None:
    streams = Streams()
    watched = watch(streams)
    streams.say('truth', 0, 1.0, 1.0)
    streams.say('reference', 5, 1.5, 2.0)
    watched.update()
    streams.say('truth', 5, 1.0, 1.0)
    streams.say('truth', 6, 7.0, 7.0)
    streams.say('reference', 0, 1.25, 1.0)
    watched.update()
    watched.update()
    stamps, errors = watched.errors()
    assert_allclose((stamps - BEGIN) / MILLISECOND, [0.0, 5.0])
    assert_allclose(errors, [[0.25, 0.0], [0.5, 1.0]])
    assert watched.newest is not None
    assert_allclose(watched.newest, [0.5, 1.0])


def test_the_rms_is_that_of_the_stretch() -> None:
    streams = Streams()
    watched = watch(streams)
    for k in range(4):
        streams.say('reference', 5 * k, float(k), -float(k))
        streams.say('truth', 5 * k, 0.0, 0.0)
        watched.update()
    first, last = BEGIN + 5 * MILLISECOND, BEGIN + 15 * MILLISECOND
    assert_allclose(watched.rms(first, last), math.sqrt((1 + 4) / 2))
    assert math.isnan(watched.rms(last + MILLISECOND, last + 2 * MILLISECOND))


def test_it_starts_anew_with_the_observer() -> None:
    streams = Streams()
    watched = watch(streams)
    streams.say('reference', 0, 1.0)
    streams.say('truth', 0, 0.0)
    watched.update()
    for kept in streams.streams.values():
        kept.clear()
    watched.forget()
    streams.say('truth', 5, 0.0)
    streams.say('reference', 5, 2.0)
    watched.update()
    assert_allclose(watched.errors()[1], [[2.0]])


def test_the_stamp_of_a_raw_message_is_read_without_decoding_it() -> None:
    message = JointState()
    set_time(message.header.stamp, BEGIN + 7)
    assert stamp_of(serialize_message(message)) == BEGIN + 7
