# SPDX-License-Identifier: Apache-2.0
"""Recordings at equal steps."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.core.state import NANOSECONDS
from lstm_dynamics_ros.data.quality.joint_summary import SMOOTHING, steadied
from lstm_dynamics_ros.data.recording import Recording
import numpy as np
import pytest

Make = Callable[..., Recording]


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
