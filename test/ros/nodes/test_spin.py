# SPDX-License-Identifier: Apache-2.0
"""Tests for spin.py, in processes of their own where signals are involved."""

import os
import subprocess
import sys

from lstm_dynamics_ros.ros.nodes.spin import PARENT, StopFlag
import pytest

SCRIPT = """
import sys
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.ros.nodes.spin import run, RunnableNode

class Counting(RunnableNode):
    def __init__(self):
        if '{kind}' == 'refused':
            raise ConfigError('No.')
        super().__init__('counting')
        self.executor_name = '{executor}'
        self.count = 0
        self.create_timer(0.01, self.tick)

    def tick(self):
        self.count += 1
        if '{kind}' == 'rough' and self.count < 5:
            raise ValueError('rough')
        if self.count == 10:
            self.exit_code = 7

    def close(self):
        print('closed', self.count, self.context.ok())

sys.exit(run(Counting, []))
"""
EXECUTORS = pytest.mark.parametrize('executor', ['events', 'single_threaded'])


def ran(kind: str, executor: str) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(kind=kind, executor=executor)
    return subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, timeout=20, check=False
    )


@EXECUTORS
def test_a_node_ends_with_the_code_it_asks_for_and_a_final_message(executor: str) -> None:
    done = ran('smooth', executor)
    assert (done.returncode, done.stdout.strip()) == (7, 'closed 10 True')


@EXECUTORS
def test_a_callback_that_fails_does_not_end_the_node(executor: str) -> None:
    done = ran('rough', executor)
    assert (done.returncode, done.stdout.strip()) == (7, 'closed 10 True')
    assert 'Callback failed: ValueError: rough' in done.stderr


def test_a_node_that_is_refused_ends_with_code_2_and_one_line() -> None:
    done = ran('refused', 'events')
    assert (done.returncode, done.stderr) == (2, 'No.\n')


def test_a_node_stops_when_the_process_it_belongs_to_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(PARENT, str(os.getppid()))
    assert not StopFlag()
    monkeypatch.setenv(PARENT, '1' if os.getppid() != 1 else '2')
    assert StopFlag()
