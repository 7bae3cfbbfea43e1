# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""Tests for switch_on.py: the whole walk, with pendulum and node in processes of their own."""

from collections.abc import Callable
import json
from pathlib import Path
import signal
import subprocess
import sys
from typing import Any

import pytest
from ros_fixtures import FOLLOWING, parameters, PATIENT


def command(tmp_path: Path, *more: str) -> list[str]:
    module = [sys.executable, '-m', 'lstm_dynamics_ros.cli.main', 'switch-on']
    return [*module, '--json', str(tmp_path / 'steps.json'), '--settle', '0.6', *more]


@pytest.fixture
def robot(start: Any, listener: Any, pendulum_model: Path) -> Callable[..., None]:
    """Start pendulum and node, and wait until the correction is scored."""
    from lstm_dynamics_ros.ros.topics import interfaces  # noqa: PLC0415

    def begin(*arguments: str) -> None:
        start('sim_node', *parameters({'robot': 'pendulum', 'speed': 0.5, 'motion_duration': 4.0}))
        settings = parameters(PATIENT | {'model': pendulum_model})
        start('dynamics_node', *settings, *FOLLOWING, *arguments)
        states = listener.hear(interfaces.STATE)

        def scored() -> bool:
            content = json.loads(states[-1].data) if states else {}
            return bool((content.get('shadow') or {}).get('time'))

        listener.until(scored, 'a shadow score')

    return begin


@pytest.mark.slow
def test_it_goes_from_watching_to_all_joints_and_stays_armed(
    robot: Callable[..., None], tmp_path: Path
) -> None:
    robot()
    run = subprocess.run(
        command(
            tmp_path,
            '--yes',
            '--duration',
            '4',
            '--joint',
            'joint2',
            '--one-joint',
            '0.1',
            '--all-joints',
            '0.1',
            '1.0',
        ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    steps = json.loads((tmp_path / 'steps.json').read_text())['steps']
    assert [(step['blend'], len(step['joints'])) for step in steps] == [
        (0.0, 0),
        (0.1, 1),
        (0.1, 2),
        (1.0, 2),
    ]
    first, last = steps[0]['rms_error'], steps[-1]['rms_error']
    assert last[0] < 0.6 * first[0]
    assert last[1] < 0.6 * first[1]
    assert 'stays armed' in run.stdout


@pytest.mark.slow
def test_a_signal_disarms(robot: Callable[..., None], tmp_path: Path, listener: Any) -> None:
    from lstm_dynamics_ros.ros.topics import interfaces  # noqa: PLC0415

    robot()
    states = listener.hear(interfaces.STATE)
    process = subprocess.Popen(
        command(tmp_path, '--yes', '--duration', '2'), stdout=subprocess.PIPE, text=True
    )

    def state() -> str:
        return str(json.loads(states[-1].data)['state']) if states else ''

    listener.until(lambda: state() == 'armed', 'arming')
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert 'Stopped by hand' in out
    listener.until(lambda: state() == 'monitoring', 'disarming')


def test_without_a_terminal_it_asks_for_yes(tmp_path: Path) -> None:
    run = subprocess.run(
        command(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert run.returncode == 2
    assert 'run it in a terminal' in run.stderr
