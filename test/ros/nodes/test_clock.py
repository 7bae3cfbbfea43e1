# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""A dynamics_node on simulated time whose clock is missing, dies or pauses, over DDS.

The test stands between sim_node and the node, so that clock and joint states can be stopped alone.
"""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.ros.topics import interfaces
import pytest

EXECUTORS = pytest.mark.parametrize(
    'executor', ['events', pytest.param('single_threaded', marks=pytest.mark.slow)]
)
SLOW = {'armed_timeout': 0.5, 'state_timeout': 0.5, 'stall_timeout': 0.5, 'clock_timeout': 0.5}
"""Bounds that a machine which is busy with other tests can keep."""


class Simulation:
    """A loop on simulated time, whose messages to the node pass through the test."""

    def __init__(self, loop: Any, **node: object) -> None:
        self.loop = loop
        self.passes = {'clock': True, 'joint_states': True}
        out = {
            'clock': loop.listener.node.create_publisher(
                interfaces.CLOCK.type, '/held/clock', interfaces.CLOCK.qos
            ),
            'joint_states': loop.listener.node.create_publisher(
                interfaces.ROBOT_JOINT_STATES.type, '/held/joint_states', 100
            ),
        }

        def forward(name: str) -> Callable[[Any], None]:
            return lambda message: out[name].publish(message) if self.passes[name] else None

        for topic, name in (
            (interfaces.CLOCK, 'clock'),
            (interfaces.ROBOT_JOINT_STATES, 'joint_states'),
        ):
            loop.listener.node.create_subscription(topic.type, topic.name, forward(name), 1000)
        remap = ['-r', '/clock:=/held/clock', '-r', 'joint_states:=/held/joint_states']
        slowly = {'publish_clock': 'true', 'realtime_factor': 0.3}  # all of it passes through here
        loop.begin(slowly, {'use_sim_time': 'true', **SLOW, **node}, *remap)

    def hold(self, *names: str) -> None:
        for name in names:
            self.passes[name] = False

    def release(self, *names: str) -> None:
        for name in names:
            self.passes[name] = True

    def pause(self) -> None:
        """Stop clock and joint states, as a simulator does.

        The process itself goes on: stopped at a bad moment it holds a lock in shared memory that
        Fast DDS of the other processes waits for.
        """
        self.hold('clock', 'joint_states')

    def go_on(self) -> None:
        """End the pause."""
        self.release('clock', 'joint_states')

    def await_zero(self) -> None:
        self.loop.listener.until(lambda: not any(self.loop.sent[-1][1]), 'zero')

    def assert_silent(self) -> None:
        """Nothing more is sent, after zero."""
        count = len(self.loop.sent)
        self.loop.listen(0.3)
        assert len(self.loop.sent) == count
        assert not any(self.loop.sent[-1][1])


def test_without_clock_arming_is_refused_and_the_state_names_it(loop: Any) -> None:
    simulation = Simulation(loop)
    simulation.hold('clock')
    assert 'nothing has come on /clock' in loop.await_state('monitoring', '/clock')
    answer = loop.ask(armed=True)
    assert not answer.success
    assert 'nothing has come on /clock' in answer.message
    assert not loop.sent
    simulation.release('clock')
    loop.await_state('monitoring')
    loop.arm()


@EXECUTORS
def test_a_clock_that_dies_while_armed_is_a_fault_after_the_safe_command(
    loop: Any, executor: str
) -> None:
    simulation = Simulation(loop, executor=executor)
    loop.arm()
    simulation.hold('clock')
    assert '/clock stood still' in loop.await_state('fault')
    simulation.await_zero()
    simulation.assert_silent()
    simulation.release('clock')
    loop.listen(0.3)
    assert loop.state['state'] == 'fault'
    assert loop.listener.ask(interfaces.RESET).success
    loop.await_state('monitoring')
    simulation.assert_silent()


@EXECUTORS
def test_a_pause_ends_torque_with_the_safe_command_and_is_no_fault(
    loop: Any, executor: str
) -> None:
    simulation = Simulation(loop, executor=executor)
    loop.arm()
    simulation.pause()
    assert 'The simulation is paused' in loop.await_state('monitoring', '/clock')
    assert 'The simulation is paused' in loop.state['revoked_because']
    simulation.await_zero()
    simulation.assert_silent()
    answer = loop.ask(armed=True)
    assert not answer.success
    assert 'The simulation is paused' in answer.message
    loop.listen(0.6)  # longer than joint states may be missing elsewhere
    assert loop.state['state'] == 'monitoring'
    simulation.go_on()
    loop.listener.until(lambda: 'paused' not in loop.state['reason'], 'an end of the pause')
    simulation.assert_silent()
    assert loop.state['state'] in {'monitoring', 'warming'}
    loop.arm()


def test_a_pause_beyond_its_bound_is_a_fault(loop: Any) -> None:
    simulation = Simulation(loop, pause_timeout=1.0)
    loop.arm()
    simulation.pause()
    loop.await_state('monitoring', 'paused')
    assert 'more than pause_timeout (1 s)' in loop.await_state('fault')
    simulation.go_on()
    loop.listen(0.3)
    assert loop.state['state'] == 'fault'
    assert not any(loop.sent[-1][1])


def test_joint_states_that_stop_while_the_clock_goes_on_are_a_fault(loop: Any) -> None:
    simulation = Simulation(loop)
    loop.arm()
    simulation.hold('joint_states')
    assert 'No usable joint state came' in loop.await_state('fault')
    simulation.await_zero()
    simulation.assert_silent()


@pytest.mark.parametrize('time_stands', [False, pytest.param(True, marks=pytest.mark.slow)])
def test_a_stall_of_the_node_is_a_fault_whatever_simulated_time_does(
    loop: Any, time_stands: bool
) -> None:
    simulation = Simulation(loop, stall_timeout=0.05)
    while True:
        loop.arm()
        if time_stands:
            simulation.pause()
        begin = loop.stall(loop.node, 0.3)
        simulation.go_on()
        loop.listen(0.2)
        before = [values for sent, values in loop.sent if sent <= begin]
        if before and any(before[-1]):  # else a busy machine made a fault before
            break
    assert 'did not run' in loop.await_state('fault')
    assert not any(any(values) for values in loop.since(begin))


def test_stamps_of_another_clock_refuse_arming(loop: Any) -> None:
    simulation = Simulation(loop)
    loop.await_state('monitoring')
    simulation.hold('clock')
    other = loop.listener.node.create_publisher(interfaces.CLOCK.type, '/held/clock', 10)
    now = interfaces.CLOCK.type()

    def refused() -> bool:
        now.clock.sec = now.clock.sec + 1000
        other.publish(now)
        return 'stamps of the joint states are' in loop.ask(armed=True).message.lower()

    loop.listener.until(refused, 'a refusal')
