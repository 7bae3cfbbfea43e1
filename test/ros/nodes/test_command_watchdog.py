# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for command_watchdog.py, in a process of its own."""

import json
import math
import subprocess
import sys
import time
from typing import Any

from lstm_dynamics_ros.ros.topics import interfaces
import pytest
from std_msgs.msg import Float64MultiArray, MultiArrayDimension, MultiArrayLayout

NAME = 'command_watchdog'
PATIENT = ('-p', 'timeout:=0.3')
"""The listener may take 50 ms between two commands."""
MARKED = MultiArrayLayout(dim=[MultiArrayDimension(label='armed_anew', size=2, stride=2)])


class Stream:
    """Sends commands as fast as it is asked to, one per 5 ms at most."""

    def __init__(self, listener: Any) -> None:
        self.heard = listener.hear(interfaces.COMMAND)
        self.states = listener.hear(interfaces.STATE, node=NAME)
        self._listener = listener
        self._publisher = listener.say(interfaces.WATCHED_COMMAND, f'/{NAME}/input')
        listener.until(lambda: self.states, 'state')
        listener.until(lambda: listener.node.count_publishers(interfaces.COMMAND.name), 'output')

    def send(self, *values: float, marked: bool = False) -> None:
        layout = MARKED if marked else MultiArrayLayout()
        self._publisher.publish(Float64MultiArray(data=list(values), layout=layout))

    def run(self, *values: float, marked: bool = False) -> None:
        """Stream a command until it gets through, beginning with zero."""
        count = len(self.heard)
        if not marked and self.state == 'idle':

            def begun() -> bool:
                self.send(*(0.0 for _ in values))
                return self.state == 'forwarding'

            self._listener.until(begun, 'a stream that is let through')

        def through() -> bool:
            self.send(*values, marked=marked)
            return len(self.heard) > count + 5 and self.last == list(values)

        self._listener.until(through, 'a command that is let through')

    def rest(self, seconds: float) -> None:
        """Listen for a while, and send nothing."""
        end = time.monotonic() + seconds
        self._listener.until(lambda: time.monotonic() > end, 'end of the rest')

    @property
    def last(self) -> list[float]:
        return list(self.heard[-1].data)

    @property
    def state(self) -> str:
        return str(json.loads(self.states[-1].data)['state'])


@pytest.mark.parametrize('executor', ['events', 'single_threaded'])
def test_zero_follows_a_stream_that_stops_and_is_repeated(
    listener: Any, start: Any, executor: str
) -> None:
    start(NAME, *PATIENT, '-p', f'executor:={executor}', '-p', 'repeat_time:=0.3')
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    count = len(stream.heard)
    listener.until(lambda: stream.state == 'latched', 'latch')
    assert len(stream.heard) > count + 20
    assert {tuple(command.data) for command in stream.heard[count:]} <= {(0.0, 0.0), (1.0, -2.0)}
    assert stream.last == [0.0, 0.0]
    assert 'The last usable command was 0.3' in json.loads(stream.states[-1].data)['reason']


def test_a_stream_comes_through_again_only_after_a_reset(listener: Any, start: Any) -> None:
    start(NAME, *PATIENT, '-p', 'repeat_time:=0.1')
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    listener.until(lambda: stream.state == 'latched', 'latch')
    count = len(stream.heard)
    stream.rest(0.3)
    for _ in range(5):
        stream.send(1.0, -2.0)
        stream.rest(0.01)
    assert all(list(message.data) == [0.0, 0.0] for message in stream.heard[count:])
    refused = listener.ask(interfaces.RESET, node=NAME)
    assert not refused.success
    assert 'Commands are still coming' in refused.message
    stream.rest(0.3)
    assert listener.ask(interfaces.RESET, node=NAME).success
    stream.run(1.0, -2.0)
    assert stream.state == 'forwarding'


def test_a_stream_comes_through_again_after_a_person_armed_the_sender(
    listener: Any, start: Any
) -> None:
    start(NAME, *PATIENT, '-p', 'repeat_time:=0.1')
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    listener.until(lambda: stream.state == 'latched', 'latch')
    stream.rest(0.3)
    stream.run(1.0, -2.0, marked=True)


def test_a_stream_that_ends_with_zero_leaves_the_topic_alone(listener: Any, start: Any) -> None:
    start(NAME, *PATIENT)
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    stream.run(0.0, 0.0)
    listener.until(lambda: stream.state == 'idle', 'idle')
    count = len(stream.heard)
    stream.rest(0.2)
    assert len(stream.heard) == count
    stream.run(1.0, 1.0)


@pytest.mark.parametrize('bad', [(1.0, math.nan), (1.0, 11.0), (1.0,)])
def test_a_bad_command_does_not_come_through(
    listener: Any, start: Any, bad: tuple[float, ...]
) -> None:
    start(NAME, *PATIENT, '-p', 'limits:=[10.0]')
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        stream.send(*bad)
        stream.rest(0.005)
    assert stream.last == [0.0, 0.0]
    assert stream.state == 'stopping'


def test_it_leaves_zero_behind_when_it_is_ended_itself(listener: Any, start: Any) -> None:
    process = start(NAME, '-p', 'timeout:=0.5')
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    code, seconds = process.stop()
    assert code == 0
    assert seconds < 1.0
    listener.until(lambda: stream.last == [0.0, 0.0], 'zero')


def test_it_learns_the_joints_of_the_controller_and_counts_by_them(
    listener: Any, start: Any
) -> None:
    start('sim_node', '-p', 'robot:=pendulum', '-p', 'motion:=hold')
    start(NAME, *PATIENT)
    stream = Stream(listener)
    listener.until(
        lambda: json.loads(stream.states[-1].data)['joints'] == ['joint1', 'joint2'], 'joints'
    )
    stream.send(1.0, 1.0, 1.0)
    stream.rest(0.1)
    assert stream.heard == []


def test_joints_that_are_not_those_of_the_controller_block_it(listener: Any, start: Any) -> None:
    start('sim_node', '-p', 'robot:=pendulum', '-p', 'motion:=hold')
    start(NAME, *PATIENT, '-p', 'joints:=[joint2, joint1]')
    stream = Stream(listener)
    listener.until(lambda: 'has the joints' in stream.states[-1].data, 'reason')
    stream.send(1.0, 1.0)
    stream.rest(0.1)
    assert stream.heard == []


def test_a_second_publisher_stops_the_stream(listener: Any, start: Any) -> None:
    start(NAME, *PATIENT)
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    listener.node.create_publisher(interfaces.COMMAND.type, interfaces.COMMAND.name, 1)

    def stopped() -> bool:
        stream.send(1.0, -2.0)
        return stream.state == 'stopping'

    listener.until(stopped, 'stop')
    assert '/listener also publishes' in stream.states[-1].data


def test_diagnostics_count_what_was_done(listener: Any, start: Any) -> None:
    start(NAME, *PATIENT)
    heard = listener.hear(interfaces.DIAGNOSTICS)
    stream = Stream(listener)
    stream.run(1.0, -2.0)
    listener.until(lambda: heard and heard[-1].status[0].level == b'\x02', 'error')
    values = {item.key: item.value for item in heard[-1].status[0].values}
    assert values['stops'] == '1'
    assert int(values['forwarded']) >= 6


def test_it_needs_neither_numpy_nor_a_model() -> None:
    code = 'import sys, lstm_dynamics_ros.ros.nodes.command_watchdog; print(*sys.modules)'
    shown = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True
    )
    assert not {'numpy', 'onnxruntime', 'sensor_msgs'} & set(shown.stdout.split())


def test_limits_for_other_joints_end_it_with_code_2(start: Any) -> None:
    process = start(NAME, *PATIENT, '-p', 'joints:=[a, b]', '-p', 'limits:=[1.0, 2.0, 3.0]')
    assert process.wait() == 2
    assert 'expected 2' in process.log
