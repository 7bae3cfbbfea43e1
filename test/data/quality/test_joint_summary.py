# SPDX-License-Identifier: Apache-2.0
"""What was measured of joints, and recordings at equal steps."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.data.quality.joint_summary import SMOOTHING, speed, steadied, summarise
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

Make = Callable[..., Recording]


def test_velocity_is_derived_from_the_position_where_none_was_measured(
    make_recording: Make,
) -> None:
    made = make_recording(duration=10.0, rate=500.0)
    without = replace(made, velocity=np.full_like(made.velocity, np.nan))
    derived = speed(without, 0)
    np.testing.assert_allclose(derived[2:-2], made.velocity[2:-2, 0], atol=0.02)
    np.testing.assert_array_equal(speed(made, 0), made.velocity[:, 0])
    assert summarise([without], 0).missing['velocity'] == 1.0


def test_position_and_velocity_that_fit_have_factor_one(make_recording: Make) -> None:
    joint = summarise([make_recording(duration=10.0, rate=500.0)], 0)
    assert joint.velocity_factor == pytest.approx(1.0, abs=0.01)
    assert joint.velocity_fit > 0.999


def test_saturation_is_the_share_of_time_at_the_extremes(make_recording: Make) -> None:
    made = make_recording(duration=10.0)
    effort = np.clip(made.effort, -2.5, 2.5)
    joint = summarise([replace(made, effort=effort)], 0)
    assert joint.saturated == pytest.approx((np.abs(effort[:, 0]) == 2.5).mean(), abs=1e-12)
    assert summarise([made], 0).saturated == 0.0


def test_a_recording_of_one_row_gives_figures(make_recording: Make) -> None:
    joint = summarise([make_recording(duration=0.01)], 0)
    assert joint.range == 0.0
    assert np.isnan(joint.velocity_factor)


def test_a_slow_motion_passes_without_delay(make_recording: Make) -> None:
    made = make_recording(duration=10.0)
    time = (made.stamp_ns - made.stamp_ns[0])[:, None] / NANOSECONDS
    slow = replace(
        made,
        position=np.sin([0.5, 0.8] * time),
        velocity=np.cos(0.5 * time) + 0 * time + np.zeros((1, 2)),
    )
    steady = steadied(slow)
    assert steady is not None
    middle = SMOOTHING + steady.dt * np.arange(len(steady.position))[:, None]
    np.testing.assert_allclose(steady.position, np.sin([0.5, 0.8] * middle), atol=1e-3)
    np.testing.assert_allclose(
        steady.acceleration[5:-5], -0.5 * np.sin(0.5 * middle[5:-5]) + np.zeros(2), atol=2e-3
    )


def test_a_joint_that_wraps_is_unwrapped(make_recording: Make) -> None:
    made = make_recording(duration=5.0)
    turning = np.linspace(0, 20, len(made))[:, None] * [1.0, 1.0]
    wrapped = replace(
        made,
        position=(turning + np.pi) % (2 * np.pi) - np.pi,
        joint_types=('continuous', 'revolute'),
    )
    steady = steadied(wrapped)
    assert steady is not None
    step = np.diff(steady.position, axis=0)
    assert step[:, 0] == pytest.approx(20 / (len(made) - 1))
    assert step[:, 1].min() < 0


def test_a_few_messages_are_too_few(make_recording: Make) -> None:
    assert steadied(make_recording(duration=0.1)) is None
