# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Tests for commander.py: an embedded pendulum and dynamics_node, each in a process of its own.

The model is made without training: it says that the disturbance goes on as it is.
"""

from collections.abc import Callable
import json
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.ros.topics import interfaces
from lstm_dynamics_ros.ros.topics.conversions import stamp_ns
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from ros_fixtures import FOLLOWING, NodeView, parameters, PATIENT
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

NAMES = ('joint1', 'joint2')
COMMANDS = 'effort_controller/commands'


class Loop(NodeView):
    """The test's side of pendulum and node."""

    def __init__(self, listener: Any, start: Any, model: Path, *arguments: str) -> None:
        super().__init__(listener)
        self.commands = listener.hear(interfaces.COMMAND, COMMANDS)
        self.truth = listener.hear(interfaces.TRUE_JOINT_STATES, node='sim_node')
        self.references = listener.hear(interfaces.ROBOT_REFERENCE)
        robot = {'robot': 'pendulum', 'publish_truth': 'true', 'speed': 0.4, 'hidden.payload': 0.5}
        self.robot = start('sim_node', *parameters(robot))
        settings = PATIENT | {'model': model, 'gate.blend': 1.0}
        self.node = start('dynamics_node', *parameters(settings), *arguments)

    def arm(self) -> None:
        """Arm as soon as that is possible."""
        shown = ''

        def armed() -> bool:
            nonlocal shown
            answer = self.ask(armed=True)
            shown = answer.message
            if not answer.success:
                self.listen(0.2)
            return bool(answer.success)

        self.listener.until(armed, f'arming; {shown} {self.node.log}')

    def errors(self, seconds: float) -> float:
        """Return the true tracking error over a while [rad], root mean square."""
        for heard in (self.truth, self.references):  # the graph may not be complete yet
            heard.clear()
            self.listener.until(heard.__len__, 'truth and reference')
        self.truth.clear()
        self.references.clear()
        self.listen(seconds)
        wanted = {stamp_ns(one.header.stamp): one.points[0].positions for one in self.references}
        rows: Matrix = np.array(
            [
                np.array(wanted[stamp]) - np.array(one.position)
                for one in self.truth
                if (stamp := stamp_ns(one.header.stamp)) in wanted
            ]
        )
        assert len(rows) > 50
        return float(np.sqrt(np.mean(rows * rows)))

    def values(self) -> Matrix:
        return np.array([list(one.data) for one in self.commands])


@pytest.fixture
def loop(listener: Any, start: Any, pendulum_model: Path) -> Callable[..., Loop]:
    def make(*arguments: str) -> Loop:
        return Loop(listener, start, pendulum_model, *arguments)

    return make


def test_armed_it_tracks_better_and_disarmed_it_fades_out_and_is_silent(
    loop: Callable[..., Loop],
) -> None:
    robot = loop(*FOLLOWING)
    robot.listener.until(lambda: robot.state.get('state') == 'monitoring', 'monitoring')
    before = robot.errors(1.5)
    assert not robot.commands
    robot.arm()
    assert robot.state['controller'] == 'feedforward_dob'
    robot.listen(1.5)
    after = robot.errors(1.5)
    assert after < 0.35 * before
    assert robot.values()[0].tolist() == pytest.approx([0.0, 0.0], abs=0.05)  # fades in
    robot.listener.until(lambda: (robot.state.get('shadow') or {}).get('overall'), 'a score')
    assert robot.state['shadow']['overall'] > 0.5
    robot.commands.clear()
    assert robot.ask(armed=False).success
    robot.listener.until(lambda: robot.commands and not any(robot.commands[-1].data), 'zero')
    n = len(robot.commands)
    assert n > 5  # a way down, no step
    robot.listen(0.3)
    assert len(robot.commands) == n
    robot.listener.until(lambda: robot.state['state'] == 'monitoring', 'monitoring')


def test_ended_by_a_signal_it_leaves_zero_behind(loop: Callable[..., Loop]) -> None:
    robot = loop(*FOLLOWING)
    robot.arm()
    robot.listener.until(lambda: np.abs(robot.values()[-1:]).sum() > 0.1, 'a command')
    code, _ = robot.node.stop()
    assert code == 0
    robot.listen(0.3)
    assert not any(robot.commands[-1].data)


def test_everything_that_is_missing_is_listed(
    listener: Any, start: Any, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    bare = make_model(
        tmp_path / 'bare.onnx',
        kind='motion',
        disturbance_bandwidth=20.0,
        washout=2000,
        feedback_gain=(100.0, 1.0),
        effort_limits=(),
    )
    start('dynamics_node', '-p', f'model:={bare}')
    states = listener.hear(interfaces.STATE)
    message = listener.ask(interfaces.ARM, data=True).message
    for part in (
        'It is waiting',
        'rate of the joint states is not known',
        'No reference has come',
        'gain of 100 effort limits per radian',
        'needs 10 s to forget',
        'How long a tick takes is not known',
        'Nobody subscribes to effort_controller/commands',
        'sink_adds is false',
        'no effort limit: joint1, joint2',
        'no position limits: joint1, joint2',
        'no speed limit: joint1, joint2',
        'was watched for 0 s',
    ):
        assert part in message
    listener.until(lambda: states, 'a state')
    unfit = json.loads(states[-1].data)['prediction_only']
    assert len(unfit) == 2
    assert 'may be used for prediction' in unfit[0]


def test_limits_come_from_the_robot_description_and_parameters_come_first(
    listener: Any, start: Any, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    bare = make_model(tmp_path / 'bare.onnx', kind='motion', disturbance_bandwidth=20.0)
    start('dynamics_node', '-p', f'model:={bare}', '-p', 'limits.velocity:=[1.0, 2.0]')
    topic = interfaces.ROBOT_DESCRIPTION
    described = listener.node.create_publisher(topic.type, topic.name, topic.qos)
    assert 'no position limits' in listener.ask(interfaces.ARM, data=True).message
    described.publish(String(data=nominal_urdf(load_robot('pendulum'))))

    def known() -> bool:
        message = listener.ask(interfaces.ARM, data=True).message
        return 'no position limits' not in message and 'no speed limit' not in message

    listener.until(known, 'limits')


def test_a_reference_with_nan_is_dropped(loop: Callable[..., Loop], listener: Any) -> None:
    robot = loop(*FOLLOWING)
    robot.listener.until(lambda: robot.state.get('state') == 'monitoring', 'monitoring')
    bad = JointTrajectory(
        joint_names=list(NAMES), points=[JointTrajectoryPoint(positions=[math.nan, 0.0])]
    )
    listener.say(interfaces.ROBOT_REFERENCE).publish(bad)
    listener.until(lambda: 'Said once' in robot.node.log, 'a warning')
    robot.arm()
    robot.listen(0.3)
    assert np.isfinite(robot.values()).all()


def test_a_second_publisher_of_commands_is_refused_and_a_fault_while_armed(
    loop: Callable[..., Loop], listener: Any
) -> None:
    robot = loop(*FOLLOWING)
    robot.arm()
    other = listener.node.create_publisher(Float64MultiArray, COMMANDS, 1)
    listener.until(lambda: robot.state['state'] == 'fault', 'a fault')
    assert '/listener also commands the controller' in robot.state['reason']
    listener.until(lambda: robot.commands and not any(robot.commands[-1].data), 'zero')
    listener.ask(interfaces.RESET)
    robot.listen(1.0)
    message = robot.ask(armed=True).message
    assert '/listener also commands the controller' in message
    listener.node.destroy_publisher(other)


def test_joint_states_that_stop_while_armed_are_a_fault_after_the_safe_command(
    loop: Callable[..., Loop],
) -> None:
    robot = loop(*FOLLOWING)
    robot.arm()
    robot.listener.until(lambda: np.abs(robot.values()[-1:]).sum() > 0.1, 'a command')
    robot.robot.stop()
    robot.listener.until(lambda: robot.state['state'] == 'fault', 'a fault')
    assert 'while armed' in robot.state['reason']
    robot.listener.until(lambda: not any(robot.commands[-1].data), 'zero')


def test_settings_of_the_controller_change_while_it_runs_or_are_refused(
    loop: Callable[..., Loop],
) -> None:
    robot = loop(*FOLLOWING)
    robot.listener.until(lambda: robot.state.get('state') == 'monitoring', 'monitoring')

    def change(name: str, value: float) -> Any:
        kind = ParameterType.PARAMETER_DOUBLE
        parameter = Parameter(name=name, value=ParameterValue(type=kind, double_value=value))
        answer = robot.listener.call(
            SetParameters, '/dynamics_node/set_parameters', parameters=[parameter]
        )
        return answer.results[0]

    assert change('feedforward_dob.bandwidth', 15.0).successful
    refused = change('feedforward_dob.bandwidth', 300.0)
    assert not refused.successful
    assert 'phase margin' in refused.reason
    assert change('gate.blend', 0.5).successful


def test_the_nominal_model_of_the_test_is_that_of_the_robot(pendulum_model: Path) -> None:
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415
    from lstm_dynamics_ros.runtime.model_file import load_model  # noqa: PLC0415

    card = load_model(pendulum_model).card
    assert card.physics_prior is not None
    prior = RigidBodyPrior.from_description(card.physics_prior, NAMES)
    q, dq, ddq = np.array([0.3, -0.8]), np.array([1.0, 0.4]), np.array([2.0, -3.0])
    expected = NominalModel(load_robot('pendulum')).torque(q, dq, ddq)
    np.testing.assert_allclose(prior.torque(q, dq, ddq), expected, rtol=1e-6)
