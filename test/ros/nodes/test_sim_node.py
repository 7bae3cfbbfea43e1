# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for sim_node.py, in a process of its own."""

from collections.abc import Sequence
import math
from typing import Any

from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
import numpy as np
from numpy.testing import assert_allclose
import pytest
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

pytest.importorskip('mujoco', reason='the embedded robots need mujoco')

STEP = 1_000_000
PENDULUM = ('-p', 'robot:=pendulum')
HOLD = (*PENDULUM, '-p', 'motion:=hold')


def stamps(messages: Sequence[Any]) -> Any:
    return np.array([stamp_ns(message.header.stamp) for message in messages])


@pytest.mark.parametrize('executor', ['events', 'single_threaded'])
def test_joint_states_come_every_millisecond_of_its_time(
    listener: Any, start: Any, executor: str
) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    start('sim_node', *PENDULUM, '-p', f'executor:={executor}')
    listener.until(lambda: len(states) >= 500, 'joint states')
    assert list(states[0].name) == ['joint1', 'joint2']
    assert set(np.diff(stamps(states))) == {STEP}
    assert stamps(states)[0] % STEP == 0
    position = np.array([message.position for message in states])
    assert np.isfinite(position).all()


def test_a_robot_that_holds_stays_at_home_and_so_does_its_reference(
    listener: Any, start: Any
) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    reference = listener.hear(interfaces.ROBOT_REFERENCE)
    start('sim_node', *HOLD)
    listener.until(lambda: len(states) >= 200 and len(reference) >= 40, 'messages')
    assert set(np.diff(stamps(reference))) == {5 * STEP}
    point = reference[-1].points[0]
    assert_allclose(point.velocities, 0.0)
    assert_allclose(states[-1].position, point.positions, atol=0.05)


def test_the_motion_follows_the_seed(listener: Any, start: Any) -> None:
    heard = listener.hear(interfaces.ROBOT_REFERENCE)

    def published() -> dict[int, list[float]]:
        return {stamp_ns(m.header.stamp): list(m.points[0].positions) for m in heard}

    moved = (*PENDULUM, '-p', 'publish_clock:=true', '-p', 'seed:=3')
    process = start('sim_node', *moved)
    listener.until(lambda: len(heard) >= 400, 'reference')
    process.stop()
    first = published()
    heard.clear()
    start('sim_node', *moved)
    listener.until(
        lambda: len(set(first) & set(published())) >= 100, 'reference at the same times'
    )
    again = published()
    assert all(first[stamp] == again[stamp] for stamp in set(first) & set(again))
    assert np.ptp(list(first.values()), axis=0).max() > 0


def test_an_effort_is_added_until_it_stops_coming(listener: Any, start: Any) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    start('sim_node', *HOLD)
    command = listener.say(interfaces.COMMAND)
    listener.until(lambda: len(states) >= 100, 'joint states')
    before = np.mean([message.effort for message in states[-50:]], axis=0)

    def pushed() -> bool:
        command.publish(Float64MultiArray(data=[0.0, 0.5]))
        return bool(abs(states[-1].position[1] - states[0].position[1]) > 0.002)

    listener.until(pushed, 'motion')
    count = len(states)
    listener.until(lambda: len(states) > count + 1000, 'second without command')
    after = np.mean([message.effort for message in states[-50:]], axis=0)
    assert_allclose(after, before, atol=0.3)


@pytest.mark.parametrize('data', [[1.0], [1.0, math.nan]])
def test_a_command_of_no_use_is_dropped_with_a_reason(
    listener: Any, start: Any, data: list[float]
) -> None:
    process = start('sim_node', *HOLD)
    command = listener.say(interfaces.COMMAND)
    command.publish(Float64MultiArray(data=data))
    listener.until(lambda: 'Command dropped' in process.log, 'reason')
    assert 'expected 2 finite values' in process.log


def test_it_goes_where_a_reference_by_joint_name_says(listener: Any, start: Any) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    start('sim_node', *HOLD)
    wanted = listener.say(interfaces.REFERENCE, '/sim_node/reference')
    listener.until(lambda: states, 'joint states')
    home = np.array(states[0].position)
    goal = home + np.array([0.0, 0.2])
    point = JointTrajectoryPoint(positions=[goal[1], goal[0]])
    message = JointTrajectory(joint_names=['joint2', 'joint1'], points=[point])

    def there() -> bool:
        wanted.publish(message)
        return bool(np.abs(np.array(states[-1].position) - goal).max() < 0.05)

    listener.until(there, 'arrival')


def test_truth_is_published_only_when_asked_for(listener: Any, start: Any) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    process = start('sim_node', *HOLD)
    listener.until(lambda: states, 'joint states')
    topics = dict(listener.node.get_topic_names_and_types())
    assert '/sim_node/true_joint_states' not in topics
    process.stop()
    truth = listener.hear(interfaces.TRUE_JOINT_STATES, node='sim_node')
    start('sim_node', *HOLD, '-p', 'publish_truth:=true')
    listener.until(lambda: truth, 'truth')
    assert_allclose(truth[0].position, states[-1].position, atol=0.01)


def test_the_clock_goes_with_the_stamps_and_faster_if_told(listener: Any, start: Any) -> None:
    clock = listener.hear(interfaces.CLOCK)
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    start('sim_node', *HOLD, '-p', 'publish_clock:=true', '-p', 'realtime_factor:=3.0')
    listener.until(lambda: len(states) > 500, 'joint states')
    ticks = [stamp_ns(message.clock) for message in clock]
    assert ticks[0] < 10_000_000_000
    # A busy machine may drop some of either, and neither is heard from its first message on.
    both = [stamp for stamp in stamps(states) if ticks[0] <= stamp <= ticks[-1]]
    assert len(both) > 100
    assert len(set(both) & set(ticks)) > 0.5 * len(both)
    assert not {tick % STEP for tick in ticks} - {0}


def test_a_robot_that_is_not_known_ends_it_with_code_2(start: Any) -> None:
    process = start('sim_node', '-p', 'robot:=pendulun')
    assert process.wait() == 2
    assert 'pendulum' in process.log
    assert 'Traceback' not in process.log


def test_hidden_physics_are_preset_by_the_robot_and_may_be_changed(
    listener: Any, start: Any
) -> None:
    from rcl_interfaces.srv import GetParameters  # noqa: PLC0415

    start('sim_node', '-p', 'robot:=arm', '-p', 'hidden.payload:=2')
    answer = listener.call(
        GetParameters, '/sim_node/get_parameters', names=['hidden.payload', 'hidden.delay']
    )
    assert [value.double_value for value in answer.values] == [2.0, 0.002]


def test_ctrl_c_ends_it_cleanly_within_a_second(listener: Any, start: Any) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    process = start('sim_node', *PENDULUM)
    listener.until(lambda: states, 'joint states')
    code, seconds = process.stop()
    assert code == 0
    assert seconds < 1.0
    assert 'Traceback' not in process.log


def test_a_command_acts_in_the_cycle_that_was_asked_for(listener: Any, start: Any) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    start(
        'sim_node',
        *HOLD,
        '-p',
        'command_cycles:=4',
        '-p',
        'hidden.delay:=0.0',
        '-p',
        'hidden.lag:=0.0',
    )
    command = listener.say(interfaces.COMMAND)
    listener.until(lambda: len(states) > 500, 'joint states')
    newest = stamps(states[-1:])[0]
    command.publish(Float64MultiArray(data=[0.0, 5.0]))

    def since_when() -> Any:
        rows = [item for item in states if stamp_ns(item.header.stamp) > newest - 100 * STEP]
        effort = np.array([item.effort[1] for item in rows])
        return stamps(rows)[1:][np.diff(effort) > 3.0]

    listener.until(lambda: len(since_when()), 'a step of the effort')
    since = since_when()[0]
    # The step is seen in the effort one sample after the command began to act.
    assert (since - STEP) % (5 * STEP) == 0
    assert since - STEP >= newest // (5 * STEP) * (5 * STEP) + 20 * STEP
