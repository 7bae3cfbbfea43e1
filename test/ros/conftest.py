# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - messages have no types
"""Nodes in processes of their own and a listener in this one, on a ROS domain of their own."""

import atexit
from collections.abc import Callable, Iterator
from importlib.util import find_spec
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any
import warnings

from lstm_dynamics_ros.ros.domain import claim_domain
import pytest

collect_ignore_glob = [] if find_spec('rclpy') else ['test_*.py']

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
    from lstm_dynamics_ros.physics.prior import RigidBodyPrior  # noqa: PLC0415
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
        error_gain=(0.1, 0.1),
        physics_prior=body.description(),
        conformal={'0.1': {'0': {'effort': [5.0, 5.0]}}},
        errors={'0': {'effort': {'model': [1.0, 1.0]}}},
        effort_limits=(60.0, 25.0),
    )


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
