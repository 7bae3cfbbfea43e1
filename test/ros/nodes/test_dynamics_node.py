# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for dynamics_node.py, in a process of its own."""

from collections.abc import Callable, Sequence
import json
import math
from pathlib import Path
import re
import signal
from typing import Any

from lifecycle_msgs.srv import ChangeState, GetState
from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.pipeline.pipeline import Pipeline, Step
from lstm_dynamics_ros.ros.nodes.diagnostics import as_table
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import set_time, stamp_ns
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
from numpy.testing import assert_allclose
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from sensor_msgs.msg import JointState

DT = 5_000_000
BEGIN = 1_000_000_000
NAMES = ('joint1', 'joint2')
EXECUTORS = pytest.mark.parametrize('executor', ['events', 'single_threaded'])

QOS = '-p qos_overrides./joint_states.subscription.'
LOSSLESS = [*f'{QOS}reliability:=reliable {QOS}depth:=2000'.split(), '-p', 'catch_up:=1.0']
"""Every message arrives and every prediction is published, however fast the test sends."""


def sample(k: int) -> RawSample:
    """Return what the test robot does in step k."""
    t = k * DT * 1e-9
    position = [math.sin(t), math.cos(2 * t)]
    velocity = [math.cos(t), -2 * math.sin(2 * t)]
    return RawSample(BEGIN + k * DT, NAMES, position, velocity, [math.sin(3 * t), 0.5])


def message(raw: RawSample, names: Sequence[str] = NAMES) -> JointState:
    made = JointState(name=list(raw.names))
    set_time(made.header.stamp, raw.stamp_ns)
    made.position, made.velocity, made.effort = (list(part) for part in raw[2:])
    order = [made.name.index(name) for name in names]
    made.name = list(names)
    for part in ('position', 'velocity', 'effort'):
        setattr(made, part, [getattr(made, part)[i] for i in order])
    return made


def offline(model: Path, samples: Sequence[RawSample]) -> dict[int, Step]:
    """Return what the pipeline says to the same samples, by stamp, without ROS."""
    pipeline = Pipeline(load_model(model))
    ticks = [pipeline.tick([one]) for one in samples]
    return {tick.stamp_ns: tick for tick in ticks if tick is not None and tick.warm}


class Robot:
    """The test's side of a running node."""

    def __init__(self, listener: Any, start: Any, model: Path, *arguments: str) -> None:
        self.process = start('dynamics_node', '-p', f'model:={model}', *LOSSLESS, *arguments)
        self.listener = listener
        self.states = listener.hear(interfaces.STATE)
        self.predicted = listener.hear(interfaces.PREDICTED_JOINT_STATES)
        self.bounds = listener.hear(interfaces.PREDICTION_BOUNDS)
        self.errors = listener.hear(interfaces.PREDICTION_ERROR)
        self._publisher = listener.say(interfaces.ROBOT_JOINT_STATES)

    def send(self, *messages: JointState) -> None:
        for one in messages:
            self._publisher.publish(one)

    def repeat(self, one: JointState) -> None:
        """Send the same message every 5 ms from now on."""
        self.listener.node.create_timer(0.005, lambda: self.send(one))

    def move(self, steps: range) -> None:
        self.send(*(message(sample(k)) for k in steps))

    def await_state(self, name: str, reason: str = '') -> str:
        """Return the reason that comes with a state."""
        self.listener.until(
            lambda: self.states and self.state['state'] == name and reason in self.state['reason'],
            f'state {name} {reason}',
        )
        return str(self.state['reason'])

    @property
    def state(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.states[-1].data)
        return content

    def await_prediction(self, stamp: int) -> JointState:
        """Return the prediction for a time."""

        def found() -> list[JointState]:
            return [one for one in self.predicted if stamp_ns(one.header.stamp) == stamp]

        self.listener.until(found, f'prediction for {stamp}; log: {self.process.log}')
        return found()[0]


@pytest.fixture
def robot(listener: Any, start: Any, model: Path) -> Callable[..., Robot]:
    def make(*arguments: str) -> Robot:
        return Robot(listener, start, model, *arguments)

    return make


@pytest.fixture(scope='session')
def bounded_model(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return the model of two joints, with bounds of position and velocity on its card."""
    half = {'position': [1e-4, 2e-4], 'velocity': [2e-2, 5e-2]}
    path = tmp_path_factory.mktemp('model') / 'bounded.onnx'
    return make_model(path, n_joints=2, washout=5, bounds={'0.1': {'1': half}})


@EXECUTORS
def test_predictions_are_those_of_the_pipeline_without_ros(
    robot: Callable[..., Robot], model: Path, executor: str
) -> None:
    node = robot('-p', f'executor:={executor}')
    node.move(range(100))
    node.await_prediction(BEGIN + 100 * DT)
    expected = offline(model, [sample(k) for k in range(100)])
    for got in node.predicted:
        tick = expected[stamp_ns(got.header.stamp) - DT]
        assert tick.predicted is not None
        assert tuple(got.name) == NAMES
        assert_allclose(got.position, tick.predicted.position, rtol=0, atol=1e-12)
        assert_allclose(got.velocity, tick.predicted.velocity, rtol=0, atol=1e-12)
        assert_allclose(got.effort, tick.predicted.effort, rtol=0, atol=1e-12)


def test_the_error_is_measured_minus_predicted_for_the_stamp_of_the_measurement(
    robot: Callable[..., Robot],
) -> None:
    node = robot()
    node.move(range(30))
    node.await_prediction(BEGIN + 30 * DT)
    by_stamp = {stamp_ns(one.header.stamp): one for one in node.predicted}
    predicted = by_stamp[BEGIN + 20 * DT]
    node.listener.until(lambda: len(node.errors) >= 20, 'errors')
    error = next(one for one in node.errors if stamp_ns(one.header.stamp) == BEGIN + 20 * DT)
    assert_allclose(
        error.position, np.subtract(sample(20).position, predicted.position), atol=1e-12
    )


def test_bounds_come_with_the_stamp_of_the_prediction_they_are_of(
    robot: Callable[..., Robot], bounded_model: Path, listener: Any
) -> None:
    node = robot('-p', f'model:={bounded_model}')
    info = listener.hear(interfaces.MODEL_INFO)
    node.move(range(60))
    node.await_prediction(BEGIN + 60 * DT)
    listener.until(lambda: len(node.bounds) >= len(node.predicted), 'bounds')
    expected = offline(bounded_model, [sample(k) for k in range(60)])
    predicted = [stamp_ns(one.header.stamp) for one in node.predicted]
    assert [stamp_ns(one.header.stamp) for one in node.bounds] == predicted
    for got in node.bounds:
        half = expected[stamp_ns(got.header.stamp) - DT].bounds
        assert half is not None
        assert tuple(got.name) == NAMES
        assert_allclose(got.position, half.position, rtol=0, atol=0)
        assert_allclose(got.velocity, half.velocity, rtol=0, atol=0)
        assert np.isnan(got.effort).all()
    assert node.bounds[0].velocity != node.bounds[-1].velocity
    listener.until(lambda: info, 'model info')
    shown = json.loads(info[-1].data)
    assert shown['bounds']['0.1']['1']['velocity'] == [2e-2, 5e-2]
    assert shown['members'] == 1
    assert node.state['unbounded'] == ''


def test_without_bounds_on_the_card_their_topic_is_silent_and_the_state_says_why(
    robot: Callable[..., Robot],
) -> None:
    node = robot()
    node.move(range(20))
    node.await_prediction(BEGIN + 20 * DT)
    assert 'has no bounds' in node.state['unbounded']
    assert node.bounds == []
    assert node.process.log.count('~/prediction_bounds stays silent.') == 1


def test_reordered_and_partial_messages_give_the_same_predictions(
    robot: Callable[..., Robot], model: Path
) -> None:
    node = robot()
    node.move(range(20))
    for k in range(20, 30):
        node.send(message(sample(k), ('joint2', 'joint1')))
    for k in range(30, 40):
        node.send(message(sample(k), ('joint2',)), message(sample(k), ('joint1',)))
    expected = offline(model, [sample(k) for k in range(40)])
    for k in (29, 39):
        got = node.await_prediction(BEGIN + (k + 1) * DT)
        tick = expected[BEGIN + k * DT]
        assert tick.predicted is not None
        assert_allclose(got.position, tick.predicted.position, rtol=0, atol=1e-12)


def test_bad_messages_are_counted_and_do_not_disturb_the_predictions(
    robot: Callable[..., Robot], model: Path
) -> None:
    node = robot()
    seen = node.listener.hear(interfaces.DIAGNOSTICS)
    node.move(range(20))
    nan, long, twice, old = (message(sample(k)) for k in (20, 20, 20, 10))
    nan.position[0] = math.nan
    long.position = [0.0, 0.0, 0.0]
    twice.name = ['joint1', 'joint1']
    other = JointState(name=['wheel'], position=[1.0])
    node.send(nan, long, twice, old, other, JointState())
    node.move(range(20, 40))
    got = node.await_prediction(BEGIN + 40 * DT)
    tick = offline(model, [sample(k) for k in range(40)])[BEGIN + 39 * DT]
    assert tick.predicted is not None
    assert_allclose(got.position, tick.predicted.position, rtol=0, atol=1e-12)

    def counters() -> dict[str, str]:
        return as_table(seen[-1].status)['counters'] if seen else {}

    node.listener.until(lambda: counters().get('samples') == '46', 'counters')
    counted = {
        name: counters()[name]
        for name in (
            'position_not_finite',
            'wrong_length',
            'duplicate_names',
            'out_of_order',
        )
    }
    assert counted == dict.fromkeys(counted, '1')


def test_a_burst_is_stepped_in_order_and_published_once(
    robot: Callable[..., Robot], model: Path
) -> None:
    node = robot('-p', 'catch_up:=0.0')
    node.process.popen.send_signal(signal.SIGSTOP)
    node.move(range(100))
    node.process.popen.send_signal(signal.SIGCONT)
    got = node.await_prediction(BEGIN + 100 * DT)
    tick = offline(model, [sample(k) for k in range(100)])[BEGIN + 99 * DT]
    assert tick.predicted is not None
    assert_allclose(got.position, tick.predicted.position, rtol=0, atol=1e-12)
    assert len(node.predicted) < 50


def test_it_says_what_it_waits_for(robot: Callable[..., Robot]) -> None:
    node = robot()
    # The name of a publisher comes a moment after the publisher itself.
    reason = node.await_state('waiting', '/listener could publish')
    assert reason == 'Waiting for /joint_states. /listener could publish it, but nothing has come.'


def test_it_says_what_else_is_published(listener: Any, start: Any, model: Path) -> None:
    listener.node.create_publisher(JointState, '/left/joint_states', 10)
    states = listener.hear(interfaces.STATE)
    start('dynamics_node', '-p', f'model:={model}')
    wanted = 'Joint states are published on /left/joint_states (by /listener).'
    listener.until(lambda: states and wanted in states[-1].data, wanted)
    assert 'Waiting for /joint_states, which nobody publishes.' in states[-1].data


def test_wrong_joint_names_are_shown_beside_the_closest(robot: Callable[..., Robot]) -> None:
    node = robot()
    wrong = message(sample(0))
    wrong.name = ['panda_joint1', 'panda_joint2']
    node.repeat(wrong)
    reason = node.await_state('waiting', 'Joint names do not match')
    assert "Expected ['joint1', 'joint2'], got ['panda_joint1', 'panda_joint2']" in reason
    assert 'joint1 -> panda_joint1?' in reason


def test_a_prefix_maps_the_names_both_ways(robot: Callable[..., Robot]) -> None:
    node = robot('-p', 'joint_prefix:=panda_')
    for k in range(20):
        one = message(sample(k))
        one.name = ['panda_joint1', 'panda_joint2']
        node.send(one)
    got = node.await_prediction(BEGIN + 20 * DT)
    assert list(got.name) == ['panda_joint1', 'panda_joint2']


def test_messages_without_a_stamp_count_by_their_receipt(robot: Callable[..., Robot]) -> None:
    node = robot()
    node.repeat(message(sample(0)._replace(stamp_ns=0)))
    node.listener.until(lambda: node.predicted, 'prediction')
    assert node.process.log.count('joint_states has no stamps') == 1


def test_lost_data_are_noticed_and_their_return_too(robot: Callable[..., Robot]) -> None:
    node = robot('-p', 'state_timeout:=0.1')
    node.move(range(20))
    node.await_state('monitoring')
    node.await_state('waiting', 'nothing has come')
    node.move(range(100, 120))
    node.await_state('monitoring')
    node.await_prediction(BEGIN + 120 * DT)


def test_simulated_time_that_stands_still_is_a_pause(robot: Callable[..., Robot]) -> None:
    node = robot('-p', 'use_sim_time:=true', '-p', 'state_timeout:=0.2')
    clock = node.listener.say(interfaces.CLOCK)
    k = 0

    def watched() -> bool:  # a pause is one only of a clock that was advancing
        nonlocal k
        now = interfaces.CLOCK.type()
        set_time(now.clock, BEGIN + k * DT)
        clock.publish(now)
        node.move(range(k, k + 1))
        k += 1
        return bool(node.states) and node.state['state'] == 'monitoring'

    node.listener.until(watched, 'state monitoring')
    node.await_state('monitoring')
    seen = node.listener.hear(interfaces.DIAGNOSTICS)
    node.listener.until(lambda: len(seen) >= 2, 'diagnostics')  # 2 s of pause
    assert node.state['state'] == 'monitoring'


def test_reset_makes_the_model_start_over(robot: Callable[..., Robot]) -> None:
    node = robot('-p', 'state_timeout:=20')
    node.move(range(20))
    node.await_state('monitoring')
    answer = node.listener.ask(interfaces.RESET)
    assert (answer.success, answer.message) == (True, 'The model starts over.')
    node.move(range(20, 23))
    reason = node.await_state('warming', 'Warming up')
    assert re.fullmatch(r'Warming up: [123] of 5 steps\.', reason)
    node.move(range(23, 40))
    node.await_prediction(BEGIN + 40 * DT)
    node.await_state('monitoring')


def test_arming_is_refused_with_every_reason(robot: Callable[..., Robot]) -> None:
    node = robot()
    answer = node.listener.ask(interfaces.ARM, data=True)
    assert not answer.success
    for reason in (
        'It is waiting, not monitoring.',
        'Nobody subscribes to effort_controller/commands.',
        'A correction needs a sink that adds it, and sink_adds is false.',
        "The controller 'none' computes no torque.",
    ):
        assert reason in answer.message
    assert node.listener.ask(interfaces.ARM, data=False).success


def test_a_bad_model_at_reload_leaves_the_old_one_in_use(
    robot: Callable[..., Robot], tmp_path: Path, model: Path
) -> None:
    node = robot()
    info = node.listener.hear(interfaces.MODEL_INFO)
    node.move(range(20))
    node.await_state('monitoring')
    bad = tmp_path / 'bad.onnx'
    bad.write_bytes(model.read_bytes()[:-100])
    set_model(node, bad)
    answer = node.listener.ask(interfaces.RELOAD_MODEL)
    assert not answer.success
    assert str(bad) in answer.message
    node.move(range(20, 40))
    node.await_prediction(BEGIN + 40 * DT)
    node.listener.until(lambda: info, 'model info')
    assert len(info) == 1


def test_a_good_model_at_reload_is_used(
    robot: Callable[..., Robot], make_model: Callable[..., Path], tmp_path: Path
) -> None:
    node = robot()
    info = node.listener.hear(interfaces.MODEL_INFO)
    node.move(range(20))
    node.await_state('monitoring')
    other = make_model(tmp_path / 'other.onnx', n_joints=2, washout=5, seed=7, cell='gru')
    set_model(node, other)
    assert node.listener.ask(interfaces.RELOAD_MODEL).success
    node.move(range(20, 40))
    got = node.await_prediction(BEGIN + 40 * DT)
    tick = offline(other, [sample(k) for k in range(20, 40)])[BEGIN + 39 * DT]
    assert tick.predicted is not None
    assert_allclose(got.position, tick.predicted.position, rtol=0, atol=1e-12)
    node.listener.until(
        lambda: info and json.loads(info[-1].data)['cell'] == 'gru', 'info on the new model'
    )


def set_model(node: Robot, path: Path) -> None:
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=str(path))
    answer = node.listener.call(
        SetParameters,
        '/dynamics_node/set_parameters',
        parameters=[Parameter(name='model', value=value)],
    )
    assert answer.results[0].successful


def test_a_bad_parameter_is_refused_with_the_reason_and_nothing_changes(
    robot: Callable[..., Robot],
) -> None:
    node = robot()
    double = ParameterType.PARAMETER_DOUBLE
    answer = node.listener.call(
        SetParametersAtomically,
        '/dynamics_node/set_parameters_atomically',
        parameters=[
            Parameter(name='state_timeout', value=ParameterValue(type=double, double_value=1.0)),
            Parameter(name='gate.blend', value=ParameterValue(type=double, double_value=7.0)),
        ],
    )
    assert not answer.result.successful
    assert 'gate.blend' in answer.result.reason
    node.move(range(20))
    node.await_prediction(BEGIN + 20 * DT)


def test_the_trajectory_is_the_horizon(robot: Callable[..., Robot], model: Path) -> None:
    node = robot('-p', 'horizon_steps:=10')
    seen = node.listener.hear(interfaces.PREDICTED_TRAJECTORY)
    k = 0

    def moved() -> bool:
        nonlocal k
        node.move(range(k, k + 1))
        k += 1
        return bool(seen)

    node.listener.until(moved, 'trajectory')
    got = seen[0]
    at = (stamp_ns(got.header.stamp) - BEGIN) // DT
    tick = offline(model, [sample(i) for i in range(at + 1)])[BEGIN + at * DT]
    assert tick.trajectory is not None
    assert len(got.points) == 10
    assert got.points[9].time_from_start.nanosec == 10 * DT
    assert_allclose(got.points[9].positions, tick.trajectory.position[9], atol=1e-12)
    assert_allclose(got.points[9].effort, tick.trajectory.effort[9], atol=1e-12)


@EXECUTORS
def test_a_lifecycle_manager_can_do_it_all(
    listener: Any, start: Any, model: Path, executor: str
) -> None:
    arguments = ('-p', 'autostart:=false', '-p', f'executor:={executor}')
    process = start('dynamics_node', '-p', f'model:={model}', *arguments)

    def change(label: str) -> tuple[bool, str]:
        request = ChangeState.Request()
        request.transition.label = label
        answer = listener.call(
            ChangeState, '/dynamics_node/change_state', transition=request.transition
        )
        state = listener.call(GetState, '/dynamics_node/get_state').current_state.label
        return answer.success, state

    assert change('activate') == (False, 'unconfigured')
    for _ in range(2):
        assert change('configure') == (True, 'inactive')
        assert change('configure') == (False, 'inactive')
        assert change('activate') == (True, 'active')
        assert change('deactivate') == (True, 'inactive')
        assert change('cleanup') == (True, 'unconfigured')
    assert process.stop()[0] == 0
    assert 'Traceback' not in process.log


@EXECUTORS
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_within_a_second(
    robot: Callable[..., Robot], executor: str, number: signal.Signals
) -> None:
    node = robot('-p', f'executor:={executor}')
    node.move(range(20))
    node.await_state('monitoring')
    code, seconds = node.process.stop(number)
    assert code == 0
    assert seconds < 1.0
    assert 'Traceback' not in node.process.log
    node.await_state('inactive')


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ([], 'The parameter model is empty.'),
        (['-p', 'model:=nowhere.onnx'], 'Model nowhere.onnx failed the exists check'),
        (['-p', 'control_rate:=150.0'], 'Nearest valid: 100 or 200 Hz.'),
        (['-p', 'control_rate:=-1.0'], 'control_rate must be >= 0.0 Hz, got -1.0.'),
    ],
)
def test_what_is_refused_ends_it_with_code_2_and_one_line(
    start: Any, model: Path, arguments: list[str], message: str
) -> None:
    first = ['-p', f'model:={model}'] if 'control_rate' in ''.join(arguments) else []
    process = start('dynamics_node', *first, *arguments)
    assert process.wait() == 2
    assert message in process.log
    assert len(process.log.splitlines()) == 1


def test_names_that_are_no_parameters_are_reported(robot: Callable[..., Robot]) -> None:
    node = robot('-p', 'horizont_steps:=3')
    node.await_state('waiting')
    assert 'horizont_steps (did you mean horizon_steps?)' in node.process.log


def test_a_second_node_of_the_same_name_is_reported(
    robot: Callable[..., Robot], start: Any, model: Path
) -> None:
    node = robot()
    start('dynamics_node', '-p', f'model:={model}')
    node.listener.until(
        lambda: '1 other node(s) have the name /dynamics_node' in node.process.log, 'report'
    )
    assert (
        'Another node has the same name.' in node.listener.ask(interfaces.ARM, data=True).message
    )


def test_the_shipped_parameter_file_starts_it(listener: Any, start: Any, model: Path) -> None:
    config = Path(__file__).parents[3] / 'config' / 'dynamics.yaml'
    states = listener.hear(interfaces.STATE)
    process = start('dynamics_node', '--params-file', str(config), '-p', f'model:={model}')
    listener.until(lambda: states and 'waiting' in states[-1].data, 'state waiting')
    assert 'Ignored' not in process.log
