# SPDX-License-Identifier: Apache-2.0
"""Tests of the data report as a whole."""

from collections.abc import Callable
from dataclasses import replace
import json
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.data.bags.reader import read_recording
from lstm_dynamics_ros.data.quality.report import data_report
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.tables.convert import read_tables
from lstm_dynamics_ros.data.tables.mapping import load_mapping
import numpy as np
import pytest

Make = Callable[..., Recording]


def test_a_sound_recording_says_so(make_recording: Make) -> None:
    report = data_report(make_recording(duration=30.01))
    assert report.findings == ()
    assert report.worst == ''
    text = report.text()
    assert text.startswith('1 recording, 30.0 s, 2 joints at 100.0 Hz')
    assert text.endswith('Nothing wrong was found.')


def test_the_worst_finding_comes_first(make_recording: Make) -> None:
    made = make_recording(duration=5.0)
    report = data_report(replace(made, effort=0 * made.effort, counters={'recovered': 1}))
    assert [item.severity for item in report.findings] == ['error', 'warning', 'info']
    assert report.worst == 'error'
    assert 'error [dead_effort] joint1 and joint2: moved while' in report.text()


def test_the_table_has_the_figures_of_each_joint(make_recording: Make) -> None:
    made = make_recording(duration=30.0)
    joint = data_report(made).joints[1]
    assert joint.position_min == made.position[:, 1].min()
    assert joint.effort_max == made.effort[:, 1].max()
    assert joint.velocity_max == np.abs(made.velocity[:, 1]).max()
    turns = (np.diff(np.sign(made.velocity[:, 1])) != 0).sum()
    assert 0.8 * turns <= joint.reversals <= turns  # small ones are left out


def test_json_holds_no_nan(make_recording: Make) -> None:
    made = make_recording(duration=5.0)
    report = data_report(replace(made, effort=np.full_like(made.effort, np.nan)))
    text = json.dumps(report.to_json(), allow_nan=False)
    assert json.loads(text)['joints'][0]['effort_max'] is None


def test_counters_are_added_over_recordings(make_recording: Make) -> None:
    made = replace(make_recording(duration=20.0), counters={'partial': 2})
    report = data_report([made, made])
    assert report.counters['partial'] == 4
    assert report.recordings == 2
    assert report.duration == pytest.approx(40, abs=0.1)


def test_recordings_of_different_joints_are_refused(make_recording: Make) -> None:
    made = make_recording()
    with pytest.raises(JointNamesError):
        data_report([made, replace(made, joint_names=('a', 'b'))])
    with pytest.raises(DataError, match='no recording'):
        data_report([])


def test_measured_robots_have_no_errors(published: Path) -> None:
    pytest.importorskip('scipy.io')
    codes: dict[str, set[str]] = {}
    for name in ('kuka_lwr', 'kuka_weigand2021', 'emps', 'kr300'):
        recordings = list(read_tables(published / name, load_mapping(name)))
        codes[name] = {item.code for item in data_report(recordings[:10]).findings}
    assert codes == {
        'kuka_lwr': set(),
        'kuka_weigand2021': {'poor_excitation'},
        'emps': {'no_velocity'},
        'kr300': {'missing_values', 'no_velocity'},  # the last position has no torque
    }
    folder = published / 'ur10_unisa_rosbag2'
    panda = data_report(read_recording(folder / 'panda_exciting_trajectory.db3'), dt=0.005)
    assert [item.code for item in panda.findings] == ['slow_rate', 'poor_excitation']
