# SPDX-License-Identifier: Apache-2.0
"""Kills an armed node in motion, many times, and records the commands and the robot after it.

``python -m lstm_dynamics_bench.experiments.fault_injection.kill_node --arm /dynamics_node --
COMMAND ...`` runs the command in front of a ``command_watchdog`` and an embedded robot; without a
command a source of test commands does.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
import json
import math
from pathlib import Path
import random
import signal
import subprocess
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any

from lstm_dynamics_bench.experiments.fault_injection.result import KillResult, KillRun
from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.core.parameters import parameter
from lstm_dynamics_ros.ros.topics.command_interfaces import COMMAND, STATE, WATCHED_COMMAND
from lstm_dynamics_ros.ros.topics.interfaces import ARM, TRUE_JOINT_STATES
from lstm_dynamics_ros.sim.robot import load_robot, RobotDescription
from lstm_dynamics_ros.workflows.live.domain import own_domain, OwnDomain
import numpy as np
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

WATCHDOG_INPUT = WATCHED_COMMAND.name.replace('~', '/command_watchdog')
WATCHDOG_STATE = STATE.name.replace('~', '/command_watchdog')
ATTEMPTS = 5
"""How often a kill is tried anew when the stream had stopped before it."""

SETTLED = 1.0
"""How long commands must have come before the kill [s]; up to as much again is added by chance."""

SHARE = 0.03
"""Effort of the test source, as a share of the effort limits."""


@dataclass(frozen=True, kw_only=True)
class KillSettings:
    """How many kills, of what, and what counts as passed."""

    runs: int = parameter(20, 'How many kills.', minimum=1, maximum=1000)
    robot: str = parameter('arm', 'Embedded robot.')
    motion: str = parameter('multi_sine', 'Kind of motion.')
    speed: float = parameter(0.7, 'Speed of the motion.', minimum=0.01, maximum=1.0)
    seed: int = parameter(0, 'Seed of the motion and of the times of the kills.', minimum=0)
    arm: str = parameter('', 'Full name of the node to arm; empty if the command arms itself.')
    bound: float = parameter(0.1, 'Longest time until the safe command.', unit='s', minimum=0.0)
    watch: float = parameter(1.5, 'How long the robot is watched after.', unit='s', minimum=0.1)
    patience: float = parameter(60.0, 'Longest wait for commands.', unit='s', minimum=1.0)


def kill_repeatedly(
    settings: KillSettings,
    command: Sequence[str] = (),
    progress: Callable[[int, KillRun], None] | None = None,
) -> KillResult:
    """Run robot and watchdog on a ROS domain of their own, and kill what sends commands.

    Args:
        settings: What is tried.
        command: Command line of what is killed, which must send its commands to
            ``/command_watchdog/input``; empty for the test source.
        progress: Called with the number and the outcome of each kill.

    Raises:
        DataError: If no commands come.
        NodeEndedError: If robot or watchdog end.
    """
    robot = load_robot(settings.robot)
    with own_domain('kill_node', 'events') as domain, TemporaryDirectory() as folder:
        domain.processes.start(
            'sim_node',
            {
                'robot': settings.robot,
                'motion': settings.motion,
                'speed': settings.speed,
                'seed': settings.seed,
                'publish_truth': True,
            },
        )
        domain.processes.start('command_watchdog', {'limits': robot.effort_limit.tolist()})
        words = list(command) or _test_source(robot)
        kills = _KillRuns(domain, settings, robot, words, Path(folder) / 'killed.log')
        runs = []
        for k in range(settings.runs):
            runs.append(kills.once())
            if progress is not None:
                progress(k + 1, runs[-1])
        return KillResult(command=tuple(command), bound=settings.bound, runs=tuple(runs))


def _test_source(robot: RobotDescription) -> list[str]:
    parameters = {
        'joints': list(robot.joint_names),
        'amplitude': (SHARE * robot.effort_limit).tolist(),
        'command_topic': WATCHDOG_INPUT,
        'controller_topic': COMMAND.name,
        'sink_adds': 'true',
    }
    words = [f'{name}:={value}' for name, value in parameters.items()]
    module = [
        sys.executable,
        '-m',
        'lstm_dynamics_bench.experiments.fault_injection.test_source',
        '--ros-args',
    ]
    return module + [part for word in words for part in ('-p', word)]


class _KillRuns:
    """Subscriber to what the robot gets and does, around each kill."""

    def __init__(
        self,
        domain: OwnDomain,
        settings: KillSettings,
        robot: RobotDescription,
        command: list[str],
        log: Path,
    ) -> None:
        self._domain, self._settings, self._robot = domain, settings, robot
        self._command, self._log = command, log
        self._random = random.Random(settings.seed)
        self._commands: list[tuple[float, bool]] = []  # when it arrived [s], whether it is zero
        self._truth: list[tuple[float, bytes]] = []
        self._watchdog_state = ''
        node, deep = domain.node, QoSProfile(depth=5000)
        node.create_subscription(COMMAND.type, COMMAND.name, self._on_command, deep)
        name = TRUE_JOINT_STATES.name.replace('~', '/sim_node')
        node.create_subscription(JointState, name, self._on_truth, deep, raw=True)
        node.create_subscription(STATE.type, WATCHDOG_STATE, self._on_state, STATE.qos)

    def once(self) -> KillRun:
        """Start the node, arm it, wait until commands flow, kill it, and watch what happens.

        Raises:
            DataError: If the stream stops before the kill in every attempt.
        """
        for _ in range(ATTEMPTS):
            killed = self._kill()
            self._spin(self._settings.watch)
            run = None if killed is None else self._judge(killed)
            self._until(lambda: self._watchdog_state == 'latched', None)
            if run is not None:
                return run
        raise DataError(
            f'The watchdog stopped the stream before the kill, {ATTEMPTS} times in a row: this '
            'machine is too busy to send commands in time. Stop other programs and try again.'
        )

    def _kill(self) -> float | None:
        """Return when the node was killed in motion [s]; None if its stream stopped before."""
        with self._log.open('wb') as log:
            process = subprocess.Popen(self._command, stdout=log, stderr=log)
        try:
            if self._settings.arm:
                self._arm(process)
            self._until(lambda: self._watchdog_state == 'forwarding', process)
            self._spin(SETTLED * (1.0 + self._random.random()))
            self._commands.clear()
            self._truth.clear()
            self._until(lambda: self._moving or self._watchdog_state != 'forwarding', process)
            if self._watchdog_state != 'forwarding':
                return None
            killed = time.monotonic()
            process.send_signal(signal.SIGKILL)
            return killed
        finally:
            process.kill()
            process.wait()

    @property
    def _moving(self) -> bool:
        """Whether the newest command is one that moves the robot."""
        return bool(self._commands) and not self._commands[-1][1]

    def _judge(self, killed: float) -> KillRun:
        after = [(at - killed, zero) for at, zero in self._commands if at > killed]
        safe = next((at for at, zero in after if zero), math.inf)
        rows = [(at, deserialize_message(raw, JointState)) for at, raw in self._truth]
        if not rows:
            raise DataError('The robot published nothing while it was watched.')
        position = np.array([message.position for _, message in rows])
        share = np.abs([message.velocity for _, message in rows]) / self._robot.velocity_limit
        robot = self._robot
        distance = np.minimum(position - robot.lower, robot.upper - position)
        at_kill = int(np.searchsorted([at for at, _ in rows], killed))
        return KillRun(
            last_command=max((at for at, zero in after if not zero and at < safe), default=0.0),
            safe_command=safe,
            resumed=any(not zero for at, zero in after if at > safe),
            margin=float(distance.min()),
            speed=float(share.max()),
            moving=float(share[min(at_kill, len(share) - 1)].max()),
        )

    def _arm(self, process: 'subprocess.Popen[bytes]') -> None:
        """Ask the node to arm until it does; it may still be warming."""
        client = self._domain.node.create_client(
            ARM.type, ARM.name.replace('~', self._settings.arm)
        )
        answer: Any = None

        def armed() -> bool:
            nonlocal answer
            if not client.service_is_ready():
                return False
            future = client.call_async(ARM.type.Request(data=True))
            end = time.monotonic() + 2.0
            while not future.done() and time.monotonic() < end:
                self._domain.executor.spin_once(timeout_sec=0.05)
            answer = future.result() if future.done() else answer
            if answer is not None and not answer.success:
                self._spin(0.3)
            return bool(answer is not None and answer.success)

        try:
            self._until(armed, process, lambda: '' if answer is None else answer.message)
        finally:
            self._domain.node.destroy_client(client)

    def _until(
        self,
        holds: Callable[[], object],
        process: 'subprocess.Popen[bytes] | None',
        why: Callable[[], str] = str,
    ) -> None:
        deadline = time.monotonic() + self._settings.patience
        while not holds():
            self._domain.processes.check()
            if self._domain.stop:
                raise DataError('Stopped before the last kill.')
            ended = process is not None and process.poll() is not None
            if ended or time.monotonic() > deadline:
                last_line = self._log.read_text(errors='replace').strip().splitlines()[-1:]
                what = 'ended' if ended else 'sent no commands'
                text = ' '.join([why(), *last_line])
                state = self._watchdog_state or 'silent'
                raise DataError(f'{self._command[0]} {what}; the watchdog is {state}. {text}')
            self._domain.executor.spin_once(timeout_sec=0.02)

    def _spin(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._domain.executor.spin_once(timeout_sec=0.02)

    def _on_command(self, message: Any) -> None:  # noqa: ANN401 - messages have no types
        self._commands.append((time.monotonic(), not any(message.data)))

    def _on_truth(self, raw: bytes) -> None:
        self._truth.append((time.monotonic(), raw))

    def _on_state(self, message: Any) -> None:  # noqa: ANN401 - messages have no types
        self._watchdog_state = str(json.loads(message.data)['state'])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the test from the command line; return 0 if it passed, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--runs', type=int, default=20)
    parser.add_argument('--arm', default='', help='full name of the node to arm')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')
    parser.add_argument('command', nargs='*', help='what is killed; a test source without')
    given = parser.parse_args(arguments)
    settings = KillSettings(runs=given.runs, arm=given.arm)
    result = kill_repeatedly(settings, given.command)
    text = json.dumps(result.as_json(), indent=2) if given.json else result.as_table()
    sys.stdout.write(f'{text}\n')
    return 0 if result.passed else 1


if __name__ == '__main__':
    sys.exit(main())
