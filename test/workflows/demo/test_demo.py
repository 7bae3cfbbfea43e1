# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: ANN401 - fixtures have no types
"""Tests for demo.py: all of it, in processes, as a user would see it."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import Any

import numpy as np
from numpy.testing import assert_allclose
import pytest

pytest.importorskip('mujoco', reason='the embedded robots need mujoco')

SCRIPT = """
import json, sys
from lstm_dynamics_ros.core.errors import LstmDynamicsError
from lstm_dynamics_ros.workflows.demo.demo import run_demo
from lstm_dynamics_ros.workflows.demo.settings import DemoSettings
given = json.loads(sys.argv[1])
try:
    seen = run_demo(DemoSettings(**given['settings']), headless=given['headless'])
except LstmDynamicsError as error:
    sys.exit(str(error))
numbers = {name: getattr(seen, name) for name in (
    'duration', 'joint_states_hz', 'prediction_hz', 'latency_us', 'end_to_end_us', 'missed_ticks',
)}
recording, truth = seen.recording(), seen.true_recording()
rows = {int(stamp): row for stamp, row in zip(truth.stamp_ns, truth.position.tolist())}
both = [k for k, stamp in enumerate(recording.stamp_ns) if int(stamp) in rows]
measured = recording.position[both].tolist()
true = [rows[int(recording.stamp_ns[k])] for k in both]
effect = None if seen.effect is None else seen.effect.to_json()
print(json.dumps({**numbers, 'effect': effect, 'shadow': seen.shadow,
                  'joints': recording.joint_names, 'measured': measured, 'true': true,
                  'predicted': len(seen.predicted)}))
"""


def demo(headless: bool = True, **settings: object) -> subprocess.Popen[str]:
    given = json.dumps({'settings': settings, 'headless': headless})
    return subprocess.Popen(
        [sys.executable, '-c', SCRIPT, given],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    tasks = Path(f'/proc/{pid}/task').glob('*/children')
    return [int(word) for task in tasks for word in task.read_text().split()]


def running(pid: int) -> bool:
    try:
        return Path(f'/proc/{pid}/stat').read_text().split()[2] != 'Z'
    except FileNotFoundError:
        return False


def test_it_measures_what_it_saw(model: Path) -> None:
    process = demo(robot='pendulum', model=str(model), duration=2.0, payload=0.2)
    output, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors
    seen: dict[str, Any] = json.loads(output)
    assert seen['joints'] == ['joint1', 'joint2']
    assert seen['effect'] is None
    assert seen['duration'] == pytest.approx(2.0, abs=0.3)
    # The rates are the robot's and the model's, whatever the load of the machine does to a few.
    assert seen['joint_states_hz'] == pytest.approx(1000.0, rel=0.1)
    assert seen['prediction_hz'] == pytest.approx(200.0, rel=0.1)
    assert 0 < seen['latency_us']['p50'] <= seen['latency_us']['p99'] <= seen['latency_us']['max']
    assert seen['latency_us']['p50'] < seen['end_to_end_us']['p50'] < 100_000
    assert seen['missed_ticks'] < 50
    assert_allclose(seen['measured'], seen['true'], atol=2e-3)
    assert np.ptp(np.array(seen['true']), axis=0).max() > 0.01


@pytest.mark.slow
def test_tracking_is_compared_before_and_after_arming(model: Path, pendulum_model: Path) -> None:
    process = demo(
        headless=False,
        robot='pendulum',
        model=str(model),
        control_model=str(pendulum_model),
        duration=8.0,
        payload=0.4,
    )
    output, errors = process.communicate(timeout=90)
    assert process.returncode == 0, errors
    for text in ('error mrad', 'corr. N m', 'state armed', 'before', 'after'):
        assert text in output
    seen = json.loads(output.splitlines()[-1])
    effect = seen['effect']
    assert effect['ratio'] < 0.8
    assert 2.0 < effect['compared_s'] <= 3.0
    assert set(effect['per_joint']) == {'joint1', 'joint2'}
    assert effect['per_joint']['joint2']['correction_rms_nm'] > 0.01
    assert seen['shadow'] > 0.1
    assert seen['duration'] == pytest.approx(8.2, abs=1.5)


def test_a_correction_needs_time_before_and_after(model: Path, pendulum_model: Path) -> None:
    process = demo(
        robot='pendulum', model=str(model), control_model=str(pendulum_model), duration=6.0
    )
    _, errors = process.communicate(timeout=40)
    assert errors.startswith('With a correction the demo needs at least 8 s')


def test_the_live_view_shows_every_joint(model: Path) -> None:
    process = demo(headless=False, robot='pendulum', model=str(model), duration=1.0)
    output, errors = process.communicate(timeout=40)
    assert process.returncode == 0, errors
    assert 'joint1' in output
    assert 'joint2' in output
    assert 'predictions [Hz]' in output


def test_a_model_of_another_robot_ends_with_both_lists_of_joints(
    make_model: Any, tmp_path: Path
) -> None:
    other = make_model(tmp_path / 'legs.onnx', joint_names=['hip', 'knee'], n_joints=2)
    process = demo(robot='pendulum', model=str(other))
    _, errors = process.communicate(timeout=40)
    assert process.returncode != 0
    assert errors.startswith('No prediction came.')
    assert 'dynamics_node is waiting: Joint names do not match.' in errors
    assert "Expected ['hip', 'knee'], got ['joint1', 'joint2']" in errors


def test_a_robot_that_is_not_known_is_named(model: Path) -> None:
    process = demo(robot='pendulun', model=str(model))
    _, errors = process.communicate(timeout=40)
    assert "Did you mean 'pendulum'?" in errors


def test_a_node_that_ends_early_is_named_with_its_last_word(model: Path) -> None:
    process = demo(robot='pendulum', model=str(model), motion='dance')
    _, errors = process.communicate(timeout=40)
    assert errors.startswith("sim_node ended with code 2: Unknown motion 'dance'.")


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running(model: Path, number: signal.Signals) -> None:
    process = demo(robot='pendulum', model=str(model), duration=60.0)
    deadline = time.monotonic() + 20
    while len(nodes := children(process.pid)) < 2:
        assert time.monotonic() < deadline
        os.sched_yield()
    process.send_signal(number)
    process.communicate(timeout=20)
    while any(running(pid) for pid in nodes):
        assert time.monotonic() < deadline + 20
        os.sched_yield()
