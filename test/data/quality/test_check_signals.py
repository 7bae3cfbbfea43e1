# SPDX-License-Identifier: Apache-2.0
"""Tests of the checks of what was measured of each joint. Every check must fire, and not fire."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.quality.check_signals import signal_findings
from lstm_dynamics_ros.data.quality.finding import Finding, RatedLimits
from lstm_dynamics_ros.data.quality.joint_summary import summarise
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.signals.time_grid import wrap
import numpy as np
import pytest

Make = Callable[..., Recording]
LIMITS = {'joint1': RatedLimits(lower=-1.0, upper=1.0)}


def found(
    recording: Recording, limits: dict[str, RatedLimits] | None = None
) -> dict[str, Finding]:
    joints = [summarise([recording], j) for j in range(len(recording.joint_names))]
    return {item.code: item for item in signal_findings(joints, limits)}


def first(recording: Recording, kind: str, change: Callable[[Matrix], Any]) -> Recording:
    """Return the recording with the first joint's signal changed."""
    values = getattr(recording, kind).copy()
    values[:, 0] = change(values[:, 0])
    return replace(recording, **{kind: values})


def still_for_long(values: Matrix) -> Matrix:
    return np.where(np.arange(len(values)) > 100, 0.0, values)


@pytest.fixture
def sound(make_recording: Make) -> Recording:
    """Return half a minute of two joints that move a lot."""
    return make_recording(duration=30.0)


def test_a_sound_recording_has_no_findings(sound: Recording) -> None:
    assert found(sound, LIMITS) == {}


@pytest.mark.parametrize(
    ('code', 'severity', 'kind', 'change', 'words'),
    [
        ('no_velocity', 'warning', 'velocity', lambda v: v * np.nan, 'velocity-source derived'),
        ('no_effort', 'error', 'effort', lambda v: v * np.nan, 'no effort is recorded'),
        ('dead_effort', 'error', 'effort', lambda v: 0 * v, 'effort state interface'),
        ('dead_effort', 'error', 'effort', lambda v: 0 * v + 3.5, 'stood at one value'),
        ('saturated', 'warning', 'effort', lambda v: np.clip(v, -3, 3), 'at its limit'),
        ('degrees', 'error', 'position', np.rad2deg, 'look like degrees'),
        ('velocity_mismatch', 'error', 'velocity', np.rad2deg, 'like deg/s while the position'),
        ('velocity_mismatch', 'error', 'position', lambda v: 8 * np.rad2deg(v) / 8, 'in rad/s'),
        ('velocity_mismatch', 'error', 'velocity', lambda v: -v, 'wrong sign'),
        ('velocity_mismatch', 'error', 'velocity', lambda v: v / 2, 'changes 2 times as much'),
        ('velocity_mismatch', 'error', 'velocity', lambda v: v[::-1], 'does not fit the position'),
        ('outside_limits', 'warning', 'position', lambda v: v + 0.8, 'leave its limits -1.000'),
    ],
)
def test_a_changed_signal_is_found(
    sound: Recording,
    code: str,
    severity: str,
    kind: str,
    change: Callable[[Matrix], Matrix],
    words: str,
) -> None:
    item = found(first(sound, kind, change), LIMITS)[code]
    assert item.severity == severity
    assert 'joint1' in item.text
    assert 'joint2' not in item.text
    assert words in item.text


def test_some_missing_values_are_told_with_their_share(sound: Recording) -> None:
    def holes(values: Matrix) -> Matrix:
        return np.where(np.arange(len(values)) % 20 == 0, np.nan, values)

    item = found(first(sound, 'effort', holes))['missing_values']
    assert item.severity == 'warning'
    assert 'joint1: up to 5.0 % of the effort' in item.text


def test_a_joint_that_did_not_move_is_told(sound: Recording) -> None:
    made = first(sound, 'position', lambda v: 0.001 * v)
    made = first(made, 'velocity', lambda v: 0.001 * v)
    assert found(made)['not_moving'].text.startswith('joint1: did not move')
    assert 'dead_effort' not in found(first(made, 'effort', lambda v: 0 * v))


def test_millimetres_are_motion_for_a_prismatic_joint(sound: Recording) -> None:
    made = first(sound, 'position', lambda v: 0.005 * v)
    made = first(made, 'velocity', lambda v: 0.005 * v)
    assert 'not_moving' in found(made)
    assert 'not_moving' not in found(replace(made, joint_types=('prismatic', 'revolute')))


def test_rest_most_of_the_time_is_poor_excitation(sound: Recording) -> None:
    made = first(sound, 'velocity', still_for_long)
    item = found(first(made, 'position', still_for_long))['poor_excitation']
    assert 'joint1: moved for less than 20 %' in item.text


def test_motion_in_one_direction_is_poor_excitation(sound: Recording) -> None:
    made = first(sound, 'position', lambda v: np.linspace(-0.9, 0.9, len(v)))
    made = first(made, 'velocity', lambda v: np.full(len(v), 1.8 / 30))
    assert 'joint1: turned back fewer than 6 times' in found(made)['poor_excitation'].text


def test_an_encoder_slower_than_its_messages_is_told(sound: Recording) -> None:
    made = first(sound, 'position', lambda v: np.repeat(v[::4], 4))
    assert 'joint1: the position often repeats' in found(made)['repeated_values'].text


def test_smooth_peaks_are_no_saturation(sound: Recording) -> None:
    sine = first(sound, 'effort', lambda v: np.sin(np.arange(len(v)) / 100))
    assert 'saturated' not in found(sine)


def test_a_continuous_joint_may_wrap(sound: Recording) -> None:
    turning = np.linspace(0, 60, len(sound))
    made = first(sound, 'position', lambda v: wrap(v + turning))
    made = first(made, 'velocity', lambda v: v + 60 / 30)
    assert 'velocity_mismatch' not in found(replace(made, joint_types=('continuous', 'revolute')))


def test_a_turned_joint_that_is_continuous_is_not_in_degrees(sound: Recording) -> None:
    made = first(sound, 'position', lambda v: v + np.linspace(0, 60, len(v)))
    made = first(made, 'velocity', lambda v: v + 60 / 30)
    assert 'degrees' in found(made)
    assert 'degrees' not in found(replace(made, joint_types=('continuous', 'revolute')))
