# SPDX-License-Identifier: Apache-2.0
"""Tests of the checks of sign and scale of the effort."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
import re

from lstm_dynamics_ros.core.errors import ShapeError
from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.bags.reader import read_recording
from lstm_dynamics_ros.data.quality.check_effort import effort_findings
from lstm_dynamics_ros.data.quality.finding import Finding, RatedLimits
from lstm_dynamics_ros.data.quality.joint_summary import summarise
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

Make = Callable[..., Recording]


def found(
    recording: Recording,
    limits: dict[str, RatedLimits] | None = None,
    gravity: Matrix | None = None,
) -> list[Finding]:
    joints = [summarise([recording], j) for j in range(len(recording.joint_names))]
    return effort_findings(
        [recording], joints, limits=limits, gravity=None if gravity is None else [gravity]
    )


def heavy(recording: Recording) -> tuple[Recording, Matrix]:
    """Return the recording with gravity in its effort, and that gravity."""
    gravity = 10 * np.sin(recording.position)
    return replace(recording, effort=recording.effort + gravity), gravity


@pytest.fixture
def sound(make_recording: Make) -> Recording:
    """Return half a minute of two joints with inertia and friction."""
    return make_recording(duration=30.0)


def test_right_signs_are_not_doubted(sound: Recording) -> None:
    assert found(sound) == []
    assert found(heavy(sound)[0]) == []


@pytest.mark.parametrize('weight', [0.0, 1.0])
def test_a_wrong_sign_is_found_joint_by_joint(sound: Recording, weight: float) -> None:
    made = replace(sound, effort=sound.effort + weight * 10 * np.sin(sound.position))
    (item,) = found(replace(made, effort=made.effort * np.array([1.0, -1.0])))
    assert (item.severity, item.code) == ('warning', 'effort_sign')
    assert item.text.startswith('joint2: on average the effort brakes')


def test_a_short_recording_is_not_judged(make_recording: Make) -> None:
    made = make_recording(duration=4.0)
    assert found(replace(made, effort=-made.effort)) == []


def test_measured_robots_have_the_right_sign(published: Path) -> None:
    folder = published / 'ur10_unisa_rosbag2'
    for name, fewest in (('panda_exciting_trajectory', 5), ('ur10_exciting_trajectory', 6)):
        recording = read_recording(folder / f'{name}.db3')
        assert found(recording) == []
        (item,) = found(replace(recording, effort=-recording.effort))
        assert item.code == 'effort_sign'
        assert sum(joint in item.text for joint in recording.joint_names) >= fewest


def test_effort_that_contains_gravity_once_is_right(sound: Recording) -> None:
    made, gravity = heavy(sound)
    assert found(made, gravity=gravity) == []


@pytest.mark.parametrize(('factor', 'code'), [(0.01, 'no_gravity'), (0.5, 'effort_scale')])
def test_gravity_tells_the_scale(sound: Recording, factor: float, code: str) -> None:
    _, gravity = heavy(sound)
    made = replace(sound, effort=sound.effort + factor * gravity)
    items = found(made, gravity=gravity)
    assert [item.code for item in items] == [code, code]


def test_the_scale_is_said_with_what_to_multiply_by(sound: Recording) -> None:
    made, gravity = heavy(sound)
    (item, _) = found(made, gravity=gravity / 2)
    factor = re.search(r'contains (\S+) times the torque of gravity', item.text)
    remedy = re.search(r'multiply it by (\S+) ', item.text)
    assert factor is not None
    assert remedy is not None
    assert float(factor.group(1)) == pytest.approx(2.0, abs=0.1)
    assert float(remedy.group(1)) == pytest.approx(0.5, abs=0.05)


def test_gravity_tells_a_wrong_sign_for_certain(sound: Recording) -> None:
    made, gravity = heavy(sound)
    items = found(replace(made, effort=-made.effort), gravity=gravity)
    assert {(item.severity, item.code) for item in items} >= {('error', 'effort_sign')}


def test_gravity_of_another_shape_is_refused(sound: Recording) -> None:
    with pytest.raises(ShapeError, match='gravity must have shape'):
        found(sound, gravity=sound.effort[:5])


@pytest.mark.parametrize(
    ('scale', 'fires'), [(1.0, False), (100.0, True), (1e-4, True), (0.1, False)]
)
def test_effort_is_compared_with_its_limit(sound: Recording, scale: float, fires: bool) -> None:
    limits = {'joint1': RatedLimits(effort=float(np.abs(sound.effort[:, 0]).max()))}
    items = found(replace(sound, effort=scale * sound.effort), limits)
    assert [item.code for item in items] == (['effort_scale'] if fires else [])


def test_missing_effort_is_left_to_other_checks(sound: Recording) -> None:
    assert found(replace(sound, effort=np.full_like(sound.effort, np.nan))) == []
