# SPDX-License-Identifier: Apache-2.0
"""Efforts that are no joint torque, by a robot model of the very same robot."""

from collections.abc import Callable
from dataclasses import replace
import re

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.quality.check_drive import drive_factors, drive_findings
from lstm_dynamics_ros.data.quality.report import data_report
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

Make = Callable[..., Recording]


def model(position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:
    """Return inertia and gravity of two joints."""
    del velocity
    torque: Matrix = 0.5 * acceleration + [6.0, 3.0] * np.sin(position)
    return torque


@pytest.fixture
def sound(make_recording: Make) -> Recording:
    """Return half a minute of the two joints of the model, with friction and noise."""
    made = make_recording(duration=30.0)
    return replace(made, effort=made.effort + [6.0, 3.0] * np.sin(made.position))


def with_factor(recording: Recording, *factor: float) -> Recording:
    return replace(recording, effort=recording.effort / np.array(factor))


def test_a_torque_has_the_factor_one(sound: Recording) -> None:
    factors = drive_factors([sound], model)
    assert [item.joint for item in factors] == ['joint1', 'joint2']
    for item in factors:
        assert item.factor == pytest.approx(1.0, abs=0.05)
        assert not item.suspicious
    assert drive_findings([sound], model) == []


def test_a_current_is_found_with_its_gear_and_torque_constant(sound: Recording) -> None:
    (item,) = drive_findings([with_factor(sound, 40.0, 25.0)], model)
    assert (item.severity, item.code) == ('warning', 'effort_is_no_torque')
    assert item.text.startswith('joint1 and joint2: the effort follows')
    factors = drive_factors([with_factor(sound, 40.0, 25.0)], model)
    assert [f.torque_per_effort for f in factors] == pytest.approx([40.0, 25.0], rel=0.05)
    for joint, factor in (('joint1', 40.0), ('joint2', 25.0)):
        (shown,) = re.findall(rf'{joint} ([\d]+[\d.]*\d)', item.text)
        assert float(shown) == pytest.approx(factor, rel=0.05)


def test_only_the_joint_that_is_wrong_is_named(sound: Recording) -> None:
    (item,) = drive_findings([with_factor(sound, 1.0, 40.0)], model)
    assert item.text.startswith('joint2: ')
    assert 'joint1' not in item.text


def test_a_model_that_is_somewhat_wrong_is_no_current(sound: Recording) -> None:
    assert drive_findings([with_factor(sound, 0.7, 1.6)], model) == []


def test_an_effort_that_has_nothing_to_do_with_the_model_is_no_current(sound: Recording) -> None:
    noise = np.random.default_rng(0).normal(size=sound.effort.shape)
    assert drive_findings([replace(sound, effort=10 * noise)], model) == []


@pytest.mark.parametrize('said', ['by the recording', 'by the person'])
def test_a_declared_current_is_always_warned_of_with_the_factors(
    sound: Recording, said: str
) -> None:
    current = with_factor(sound, 40.0, 40.0)
    if said == 'by the recording':
        current = replace(current, notes={'effort_semantics': 'motor_current'})
        (item,) = drive_findings([current], model)
    else:
        (item,) = drive_findings([current], model, effort_semantics='motor_current')
    assert item.code == 'effort_is_current'
    (shown,) = re.findall(r'joint1 ([\d]+[\d.]*\d)', item.text)
    assert float(shown) == pytest.approx(40.0, rel=0.05)


def test_joints_that_cannot_be_judged_are_left_out(sound: Recording) -> None:
    dead = replace(sound, effort=sound.effort * [0.0, 1.0])
    assert [item.joint for item in drive_factors([dead], model)] == ['joint2']
    gone = replace(sound, effort=np.full_like(sound.effort, np.nan))
    assert drive_factors([gone], model) == []
    said = replace(gone, notes={'effort_semantics': 'motor_current'})
    assert 'No factor' in drive_findings([said], model)[0].text


def test_the_data_report_warns_when_a_model_is_given(sound: Recording) -> None:
    current = with_factor(sound, 40.0, 40.0)
    codes = {item.code for item in data_report(current, torque=model).findings}
    assert 'effort_is_no_torque' in codes
    assert 'effort_is_no_torque' not in {item.code for item in data_report(current).findings}
