# SPDX-License-Identifier: Apache-2.0
"""Tests for kill_node.py: real processes, a real kill -9, a moving arm."""

import json
import sys

from lstm_dynamics_bench.experiments.fault_injection.kill_node import kill_repeatedly, KillSettings
from lstm_dynamics_ros.core.errors import DataError
import pytest

pytest.importorskip('mujoco', reason='the embedded robots need mujoco')


@pytest.mark.slow
def test_zero_reaches_the_arm_within_100_ms_of_a_kill_and_stays() -> None:
    result = kill_repeatedly(KillSettings(runs=2))
    assert result.passed, result.as_table()
    for run in result.runs:
        assert run.last_command < run.safe_command <= 0.1
        assert run.moving > 0.01
        assert run.speed < 1.0


def test_a_command_that_ends_is_reported_with_what_it_said() -> None:
    command = [sys.executable, '-c', 'raise SystemExit("out of order")']
    with pytest.raises(DataError, match=r'ended; the watchdog is \w+\. +out of order'):
        kill_repeatedly(KillSettings(runs=1, robot='pendulum'), command)


def test_the_result_can_be_read_by_people_and_programs() -> None:
    from lstm_dynamics_bench.experiments.fault_injection.result import KillResult, KillRun  # noqa: PLC0415

    good = KillRun(
        last_command=0.001, safe_command=0.055, resumed=False, margin=0.5, speed=0.4, moving=0.3
    )
    late = KillRun(
        last_command=0.001, safe_command=0.11, resumed=False, margin=0.5, speed=0.4, moving=0.3
    )
    passed = KillResult(command=('node',), bound=0.1, runs=(good,))
    failed = KillResult(command=(), bound=0.1, runs=(good, late))
    assert passed.passed
    assert not failed.passed
    shown = json.loads(json.dumps(failed.as_json()))
    assert shown['worst_s'] == 0.11
    assert shown['command'] == ['test source']
    assert '110.0 ms (worst); at most 100 ms: FAILED.' in failed.as_table()
