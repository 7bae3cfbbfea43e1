# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages have no types
"""Nodes in processes of their own and a listener in this one, on a ROS domain of their own."""

import atexit
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any, ClassVar
import warnings

from lstm_dynamics_ros.workflows.live.domain import claim_domain
import pytest

DOMAIN = claim_domain()
"""Held until the tests end."""
atexit.register(DOMAIN.close)

os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'

PATIENCE = 60.0
"""Longest wait for anything [s]; usually it is there within one."""

RETRY = 3.0
"""Time after which a service is asked again [s]: an answer may be sent before discovery ends."""

if find_spec('rclpy'):
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # rosidl's parser (lark) warns about sre_parse
        import rosidl_generator_py  # noqa: F401
    import rclpy
    from rclpy.context import Context
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.node import Node
    from rclpy.qos import QoSProfile


class Process:
    """A node in a process of its own."""

    def __init__(self, command: list[str], log: Path) -> None:
        self._log = log
        with log.open('wb') as stream:
            self.popen = subprocess.Popen(command, stdout=stream, stderr=stream)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def wait(self) -> int:
        return self.popen.wait(PATIENCE)

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, float]:
        """Send a signal; return the exit code and how long the end took [s]."""
        begin = time.monotonic()
        self.popen.send_signal(number)
        return self.wait(), time.monotonic() - begin

    def end(self) -> None:
        try:
            self.popen.wait(3.0)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()


Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts ``name`` with ROS arguments, e.g. ``-p``, ``rate:=1.0``."""
    processes: list[Process] = []

    def begin(name: str, *arguments: str) -> Process:
        module = [sys.executable, '-m', 'lstm_dynamics_ros.ros.main', name]
        command = [*module, '--ros-args', *arguments]
        processes.append(Process(command, tmp_path / f'{name}_{len(processes)}.log'))
        return processes[-1]

    yield begin
    # A killed process stays on the graph for seconds, and would pass for a subscriber.
    for process in processes:
        process.popen.send_signal(signal.SIGINT)
        process.popen.send_signal(signal.SIGCONT)  # a test that failed may have left it stopped
    for process in processes:
        process.end()


class Listener:
    """A node in this process that hears, says and asks, always with a deadline."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(args=[], context=self.context)
        self.node = Node('listener', context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)

    def close(self) -> None:
        self._executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def hear(self, topic: Any, name: str = '', *, node: str = 'dynamics_node') -> list[Any]:
        """Return a list that fills with the messages of one of the topics of interfaces.py."""
        heard: list[Any] = []
        full = name or topic.name.replace('~', f'/{node}')
        qos = QoSProfile(
            depth=5000, reliability=topic.qos.reliability, durability=topic.qos.durability
        )
        self.node.create_subscription(topic.type, full, heard.append, qos)
        return heard

    def say(self, topic: Any, name: str = '') -> Any:
        """Return a publisher that somebody listens to."""
        qos = QoSProfile(depth=5000, reliability=topic.qos.reliability)
        publisher = self.node.create_publisher(topic.type, name or topic.name, qos)
        self.until(lambda: publisher.get_subscription_count() > 0, 'a subscriber')
        return publisher

    def ask(self, service: Any, *, node: str = 'dynamics_node', **fields: object) -> Any:
        """Call one of the services of interfaces.py."""
        return self.call(service.type, service.name.replace('~', f'/{node}'), **fields)

    def call(self, kind: Any, name: str, **fields: object) -> Any:
        """Call a service and return its answer."""
        client = self.node.create_client(kind, name)
        self.until(client.service_is_ready, f'service {name}')
        future = client.call_async(kind.Request(**fields))
        asked = time.monotonic()

        def answered() -> bool:
            nonlocal future, asked
            if not future.done() and time.monotonic() - asked > RETRY:
                future, asked = client.call_async(kind.Request(**fields)), time.monotonic()
            return bool(future.done())

        self.until(answered, f'an answer from {name}')
        self.node.destroy_client(client)
        return future.result()

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Spin until something holds."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                pytest.fail(f'No {what} within {PATIENCE:g} s.')
            self._executor.spin_once(timeout_sec=0.05)


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.close()


@pytest.fixture(scope='session')
def model(make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model of two joints that is warm after five steps of 5 ms."""
    return make_model(tmp_path_factory.mktemp('model') / 'two.onnx', n_joints=2, washout=5)


@pytest.fixture(scope='session')
def pendulum_model(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a model of the embedded pendulum, made without training.

    It says that the torque its rigid-body model does not explain goes on as it is.
    """
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.sim.urdf import nominal_urdf  # noqa: PLC0415

    pytest.importorskip('pinocchio', reason='needs the rigid-body model of the pendulum')
    robot = load_robot('pendulum')
    armature = [link.joint.armature for link in robot.links]
    body = RigidBodyPrior(nominal_urdf(robot), ('joint1', 'joint2'), armature=armature)
    return make_model(
        tmp_path_factory.mktemp('model') / 'motion.onnx',
        kind='motion',
        washout=20,
        latency_steps=2,
        drive_delay=0.005,
        driver_compensates=('rigid_body_feedforward',),
        disturbance_bandwidth=20.0,
        feedback_gain=(0.1, 0.1),
        physics_prior=body.description(),
        conformal={'0.1': {'0': {'effort': [5.0, 5.0]}}},
        errors={'0': {'effort': {'model': [1.0, 1.0]}}},
        effort_limits=(60.0, 25.0),
    )


BUSY: dict[str, object] = {
    'sink_adds': 'true',
    'controller_joints': '[joint1, joint2]',
    'max_gap_steps': 100,
    'reference_timeout': 1.0,
    'gate.fade_in': 0.2,
    'arming.min_shadow_time': 0.5,
    'arming.max_load': 1.0,
    'qos_overrides./joint_states.subscription.depth': 500,
}
"""Parameters of a node beside the pendulum on a machine that may be busy with other tests."""

PATIENT = BUSY | {'state_timeout': 5.0, 'armed_timeout': 1.0, 'stall_timeout': 1.0}
"""The same for tests in which a stall of the node shall not count."""

FOLLOWING = ('-r', '~/reference:=/reference')
"""Lets the node know the reference of the pendulum."""


def parameters(values: Mapping[str, object]) -> list[str]:
    """Return the arguments that set parameters of a node."""
    return [word for name, value in values.items() for word in ('-p', f'{name}:={value}')]


class NodeView:
    """What a test sees of dynamics_node, and asks of it."""

    def __init__(self, listener: Listener) -> None:
        from lstm_dynamics_ros.ros.topics import interfaces  # noqa: PLC0415

        self.listener = listener
        self.interfaces = interfaces
        self._states = listener.hear(interfaces.STATE)

    @property
    def state(self) -> dict[str, Any]:
        """The newest state; empty before the first."""
        content: dict[str, Any] = json.loads(self._states[-1].data) if self._states else {}
        return content

    def ask(self, *, armed: bool = True) -> Any:
        """Ask for torque, or for none."""
        return self.listener.ask(self.interfaces.ARM, data=armed)

    def listen(self, seconds: float) -> None:
        """Take in what comes for a while."""
        end = time.monotonic() + seconds
        self.listener.until(lambda: time.monotonic() > end, 'time')


class ArmedLoop(NodeView):
    """An embedded pendulum and dynamics_node, and every command with the time it was sent at.

    The machine may be busy with other tests, so that joint states may be late; a stall of the node
    counts as it does on a robot.
    """

    SETTINGS: ClassVar[dict[str, object]] = BUSY | {
        'gate.blend': 1.0,
        'gate.fade_in': 0.1,
        'gate.safe_command': 'zero',
    }

    def __init__(self, listener: Listener, start: Start, model: Path) -> None:
        super().__init__(listener)
        self._start = start
        self._model = model
        self.sent: list[tuple[int, tuple[float, ...]]] = []
        """When each command was published [ns, wall clock], and what it was [N m]."""

        def take(message: Any, info: Mapping[str, int]) -> None:
            self.sent.append((info['source_timestamp'], tuple(message.data)))

        taker: Any = take  # rclpy does not declare callbacks that ask for the time
        listener.node.create_subscription(
            self.interfaces.COMMAND.type, 'effort_controller/commands', taker, 5000
        )

    def begin(self, sim: Mapping[str, object], node: Mapping[str, object], *more: str) -> None:
        """Start both with parameters on top of the usual ones, the node with more words."""
        robot = {'robot': 'pendulum', 'speed': 0.4, 'hidden.payload': 0.5, **sim}
        self.robot = self._start('sim_node', *parameters(robot))
        settings = {'model': self._model, **self.SETTINGS, **node}
        self.node = self._start('dynamics_node', *FOLLOWING, *more, *parameters(settings))

    def await_state(self, name: str, reason: str = '') -> str:
        """Return the reason that comes with a state."""
        self.listener.until(
            lambda: self.state.get('state') == name and reason in self.state['reason'],
            f'state {name} {reason}; {self.state} {self.node.log}',
        )
        return str(self.state['reason'])

    def arm(self) -> None:
        """Arm as soon as that is possible, and return once torque is sent."""
        answer: Any = None

        def sending() -> bool:
            nonlocal answer
            if self.state.get('state') == 'fault':  # this machine was busy with something else
                self.listener.ask(self.interfaces.RESET)
            if self.state.get('state') != 'armed':
                answer = self.ask(armed=True)
            return bool(self.sent and any(self.sent[-1][1])) and self.armed

        try:
            self.listener.until(sending, 'arming')
        except pytest.fail.Exception as error:
            said = answer.message if answer is not None else 'No answer.'
            pytest.fail(f'{error} {said} {self.state} {self.node.log}')

    @property
    def armed(self) -> bool:
        """Whether the node says that it is armed."""
        return bool(self.state.get('state') == 'armed')

    def stall(self, process: Process, seconds: float) -> int:
        """Stop a process where it is for a while; return when it went on [ns, wall clock]."""
        process.popen.send_signal(signal.SIGSTOP)
        status = Path(f'/proc/{process.popen.pid}/stat')
        while status.read_text().rpartition(')')[2].split()[0] != 'T':
            pass
        time.sleep(seconds)
        begin = time.time_ns()
        process.popen.send_signal(signal.SIGCONT)
        return begin

    def since(self, begin: int) -> list[tuple[float, ...]]:
        """Return the commands that were published after a time [ns, wall clock]."""
        return [values for sent, values in self.sent if sent > begin]


@pytest.fixture
def loop(listener: Listener, start: Start, pendulum_model: Path) -> ArmedLoop:
    """Return a pendulum and a node that can be armed; ``begin`` starts them."""
    return ArmedLoop(listener, start, pendulum_model)


@pytest.fixture
def make_node() -> Iterator[Callable[..., 'Node']]:
    """Return a function that makes a node here from ``name:=value`` overrides."""
    made: list[tuple[Node, Context]] = []

    def make(*overrides: str) -> Node:
        context = Context()
        words = [word for override in overrides for word in ('-p', override)]
        rclpy.init(args=['--ros-args', *words] if words else [], context=context)
        node = Node('test', context=context)
        made.append((node, context))
        return node

    yield make
    for node, context in made:
        node.destroy_node()
        rclpy.shutdown(context=context)
