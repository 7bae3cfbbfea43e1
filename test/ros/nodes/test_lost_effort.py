# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages and fixtures have no types
"""Lost effort over DDS: an embedded pendulum, dynamics_node, and a relay that takes effort away.

The relay is the test's own node, between the joint states of the pendulum and those of the node.
"""

from collections.abc import Callable
import math
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.ros.topics import interfaces
import numpy as np
import pytest
from ros_fixtures import FOLLOWING, NodeView, parameters, PATIENT
from sensor_msgs.msg import JointState

NAN = math.nan
COMMANDS = 'effort_controller/commands'
LOST = {'all NaN': [NAN, NAN], 'empty': [], 'one NaN': [0.5, NAN]}
EVERY_LOSS = pytest.mark.parametrize(
    'lost', [pytest.param(name, marks=[pytest.mark.slow] * (name != 'all NaN')) for name in LOST]
)
SETTINGS = PATIENT | {'max_gap_steps': 60, 'reference_timeout': 2.0, 'gate.blend': 1.0}
"""Settings that a machine which is busy with other tests can keep up with: 0.3 s are bridged."""


class Robot(NodeView):
    """The test's side of pendulum, relay and node."""

    def __init__(self, listener: Any, start: Any, model: Path) -> None:
        super().__init__(listener)
        self.lost: list[float] | None = None
        """Effort of all messages from now on; None for what was measured."""
        self.commands = listener.hear(interfaces.COMMAND, COMMANDS)
        self.predictions = listener.hear(interfaces.PREDICTED_JOINT_STATES)
        topic = interfaces.JOINT_STATES
        self._out = listener.node.create_publisher(topic.type, topic.name, 500)
        listener.node.create_subscription(topic.type, 'measured', self._relay, 500)
        robot = {'robot': 'pendulum', 'speed': 0.4, 'hidden.payload': 0.5}
        start('sim_node', *parameters(robot), '-r', 'joint_states:=measured')
        self._start, self._model = start, model

    def begin(self, *settings: str) -> None:
        own = parameters(SETTINGS | {'model': self._model})
        self.node = self._start('dynamics_node', *own, *FOLLOWING, *settings)

    def _relay(self, message: JointState) -> None:
        if self.lost is not None:
            message.effort = self.lost
        self._out.publish(message)

    def until(self, holds: Callable[[], object], what: str) -> None:
        self.listener.until(holds, f'{what}; {self.state} {self.node.log}')

    def arm(self) -> None:
        """Arm as soon as that is possible, and return once torque is sent."""

        def sending() -> bool:
            if self.state.get('state') != 'armed':
                self.ask()
            return bool(self.commands) and any(self.commands[-1].data)

        self.until(sending, 'torque')

    def ends_in_zero(self) -> None:
        self.until(lambda: not any(self.commands[-1].data), 'zero')

    def stays_silent(self) -> None:
        """Return after 200 more predictions, during which no command may come."""
        n = len(self.commands)
        self.predictions.clear()
        self.until(lambda: len(self.predictions) >= 200, 'predictions')
        assert len(self.commands) == n


@pytest.fixture
def robot(listener: Any, start: Any, pendulum_model: Path) -> Robot:
    return Robot(listener, start, pendulum_model)


def joints(lost: str) -> str:
    return 'joint2' if lost == 'one NaN' else 'joint1, joint2'


@EVERY_LOSS
def test_effort_that_comes_back_brings_no_torque_back(robot: Robot, lost: str) -> None:
    robot.begin()
    robot.arm()
    robot.lost = LOST[lost]
    robot.until(lambda: robot.state['state'] == 'degraded', 'the loss')
    robot.lost = None
    assert f'no finite effort of {joints(lost)}.' in robot.state['revoked_because']
    robot.ends_in_zero()
    robot.until(lambda: robot.state['state'] == 'monitoring', 'monitoring')
    robot.stays_silent()
    assert 'effort' in robot.state['revoked_because']
    robot.arm()
    assert np.isfinite([list(one.data) for one in robot.commands]).all()


@EVERY_LOSS
def test_effort_that_stays_away_is_a_fault_until_a_person_clears_it(
    robot: Robot, lost: str
) -> None:
    robot.begin()
    robot.arm()
    robot.lost = LOST[lost]
    robot.until(lambda: robot.state['state'] == 'fault', 'a fault')
    assert f'no finite effort of {joints(lost)}.' in robot.state['reason']
    robot.ends_in_zero()
    robot.lost = None
    robot.stays_silent()
    assert robot.state['state'] == 'fault'
    assert 'There is a fault' in robot.ask().message


@EVERY_LOSS
def test_without_effort_arming_is_refused_with_the_joints(robot: Robot, lost: str) -> None:
    robot.lost = LOST[lost]
    robot.begin()
    robot.until(lambda: 'effort' in robot.state.get('reason', ''), 'a reason')
    answer = robot.ask()
    assert not answer.success
    assert f'no finite effort of {joints(lost)}.' in answer.message
    assert 'It is waiting, not monitoring.' in answer.message
    robot.lost = None
    robot.arm()


def test_without_effort_that_only_the_controller_needs_predictions_go_on_and_torque_does_not(
    listener: Any, start: Any, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.sim.urdf import nominal_urdf  # noqa: PLC0415

    urdf = nominal_urdf(load_robot('pendulum'))
    body = RigidBodyPrior(urdf, ('joint1', 'joint2'))
    model = make_model(
        tmp_path / 'm.onnx', kind='accelerated', washout=20, physics_prior=body.description()
    )
    robot = Robot(listener, start, model)
    robot.lost = LOST['one NaN']
    robot.begin('-p', 'controller:=disturbance_observer', '-p', 'arming.shadow:=ignore')
    robot.until(lambda: robot.state.get('state') == 'monitoring', 'monitoring')
    robot.until(lambda: 'not known yet' not in robot.ask().message, 'the rate')
    message = robot.ask().message
    assert 'The controller needs effort' in message
    assert 'no finite effort of joint2.' in message
    robot.lost = None
    robot.arm()
    robot.lost = LOST['one NaN']
    robot.until(lambda: robot.state['state'] != 'armed', 'the loss')
    assert robot.state['state'] == 'monitoring'
    assert 'no finite effort of joint2.' in robot.state['revoked_because']
    robot.ends_in_zero()
    robot.lost = None
    robot.stays_silent()
    assert robot.state['state'] == 'monitoring'
