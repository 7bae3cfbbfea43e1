# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""Tests for player.py: a bag played into a node in another process."""

from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

from lstm_dynamics_ros.data.bags.reader import iterate
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, Step
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
from numpy.testing import assert_allclose
import pytest
from rcl_interfaces.srv import GetParameters

DT = 5_000_000
QOS = '-p qos_overrides./joint_states.subscription.'
NODE = [
    *f'{QOS}reliability:=reliable {QOS}depth:=2000'.split(),
    *['-p', 'use_sim_time:=true', '-p', 'catch_up:=1.0', '-p', 'state_timeout:=20.0'],
]
PLAY = (
    'import sys; from lstm_dynamics_ros.workflows.live.player import play; '
    'print(play(sys.argv[1], rate=float(sys.argv[2]), wait=float(sys.argv[3])).messages)'
)


def player(bag: Path, *, rate: float = 1.0, wait: float = 20.0) -> subprocess.Popen[str]:
    command = [sys.executable, '-c', PLAY, str(bag), str(rate), str(wait)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> tuple[str, str]:
    return process.communicate(timeout=20)


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Write two seconds at about 500 Hz with jitter, a gap, and a stamp that is zero."""
    rng = np.random.default_rng(5)
    stamps = np.arange(1000) * 2_000_000 + rng.integers(-300_000, 300_000, 1000)
    stamps[0] = 0
    stamps[600:] += 100_000_000
    t = stamps[:, None] * 1e-9
    recording = Recording(
        name='jitter',
        joint_names=('joint2', 'joint1'),
        joint_types=('revolute', 'revolute'),
        stamp_ns=stamps,
        position=np.hstack([np.sin(2 * t), np.cos(3 * t)]),
        velocity=np.hstack([2 * np.cos(2 * t), -3 * np.sin(3 * t)]),
        effort=np.hstack([np.sin(5 * t), 0 * t + 0.3]),
    )
    write_bag(recording, tmp_path / 'bag')
    return tmp_path / 'bag'


def offline(model: Path, bag: Path) -> dict[int, Step]:
    pipeline = Pipeline(load_model(model))
    ticks = [pipeline.tick([sample]) for sample in iterate(bag)]
    return {tick.stamp_ns: tick for tick in ticks if tick is not None and tick.warm}


@pytest.mark.parametrize('executor', ['events', 'single_threaded'])
def test_the_live_node_and_the_offline_replay_give_the_same_predictions(
    listener: Any, start: Any, model: Path, bag: Path, executor: str
) -> None:
    predicted = listener.hear(interfaces.PREDICTED_JOINT_STATES)
    start('dynamics_node', '-p', f'model:={model}', '-p', f'executor:={executor}', *NODE)
    # The answer comes after the node has seen the subscription that was announced before.
    listener.call(GetParameters, '/dynamics_node/get_parameters', names=['model'])
    expected = offline(model, bag)
    process = player(bag)
    last = max(expected) + DT
    listener.until(
        lambda: predicted and stamp_ns(predicted[-1].header.stamp) == last, 'last prediction'
    )
    assert finish(process)[0].strip() == '1000'
    live = {stamp_ns(message.header.stamp) - DT: message for message in predicted}
    assert set(live) == set(expected)
    for stamp, message in live.items():
        prediction = expected[stamp].predicted
        assert prediction is not None
        assert_allclose(message.position, prediction.position, rtol=0, atol=1e-6)
        assert_allclose(message.velocity, prediction.velocity, rtol=0, atol=1e-6)
        assert_allclose(message.effort, prediction.effort, rtol=0, atol=1e-6)


def test_stamps_and_clock_are_those_of_the_bag_at_the_speed_asked_for(
    listener: Any, bag: Path
) -> None:
    states = listener.hear(interfaces.ROBOT_JOINT_STATES)
    clock = listener.hear(interfaces.CLOCK)
    process = player(bag, rate=4.0)
    listener.until(lambda: len(states) == 1000, 'joint states')
    finish(process)
    original = list(iterate(bag))
    assert [stamp_ns(m.header.stamp) for m in states] == [s.stamp_ns for s in original]
    assert_allclose(states[500].position, original[500].position, rtol=0, atol=0)
    assert stamp_ns(clock[0].clock) == 0
    assert len(clock) > 100


def test_without_a_listener_it_says_what_to_do(bag: Path) -> None:
    _, output = finish(player(bag, wait=0.2))
    assert 'DataError: Nobody subscribes to /joint_states after 0.2 s.' in output


def test_ctrl_c_ends_it_without_a_traceback(listener: Any, bag: Path) -> None:
    states: list[Any] = listener.hear(interfaces.ROBOT_JOINT_STATES)
    process = player(bag, rate=0.1)
    listener.until(lambda: len(states) > 10, 'joint states')
    process.send_signal(signal.SIGINT)
    count, output = finish(process)
    assert process.returncode == 0
    assert 10 < int(count) < 1000
    assert not output
