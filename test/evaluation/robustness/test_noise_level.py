# SPDX-License-Identifier: Apache-2.0
"""The sensors' own noise, on signals whose noise is known."""

from collections.abc import Callable

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.noise_level import (
    count,
    message_steps,
    sensor_noise,
)
import numpy as np
import pytest

MakeRecording = Callable[..., Recording]
RNG = np.random.default_rng(1)
TIME = 0.005 * np.arange(20_000)[:, None]
SWING = np.sin(2 * np.pi * np.array([1.0, 2.0]) * TIME)


def test_known_noise_on_a_motion_is_found(make_recording: MakeRecording) -> None:
    noisy = SWING + np.array([1e-3, 5e-5]) * RNG.standard_normal(SWING.shape)
    found = sensor_noise([make_recording(noisy, period=0.005)], 0.005)['position']
    np.testing.assert_allclose(found, [1e-3, 5e-5], rtol=0.05)


def test_noise_and_rounding_of_an_encoder_add_as_variances(make_recording: MakeRecording) -> None:
    step = 1e-4
    noisy = np.round((SWING + step * RNG.standard_normal(SWING.shape)) / step) * step
    found = sensor_noise([make_recording(noisy, period=0.005)], 0.005)['position']
    np.testing.assert_allclose(found, step * np.sqrt(1 + 1 / 12), rtol=0.06)


def test_a_slow_motion_in_counts_has_the_noise_of_rounding(make_recording: MakeRecording) -> None:
    step = 1e-3
    slow = np.round(0.002 * SWING[:, :1] / step) * step
    found = sensor_noise([make_recording(slow, period=0.005)], 0.005)['position']
    np.testing.assert_allclose(found, step / np.sqrt(12), rtol=1e-9)


def test_glitches_and_gaps_hardly_matter(make_recording: MakeRecording) -> None:
    noisy = SWING + 1e-3 * RNG.standard_normal(SWING.shape)
    noisy[::200] += 0.5
    recording = make_recording(noisy, period=0.005)
    recording.stamp_ns[7000:] += 3_000_000_000
    found = sensor_noise([recording], 0.005)['position']
    np.testing.assert_allclose(found, 1e-3, rtol=0.12)


def test_turns_of_a_continuous_joint_are_no_noise(make_recording: MakeRecording) -> None:
    angle = 20.0 * TIME + 1e-3 * RNG.standard_normal(TIME.shape)
    wrapped = (angle + np.pi) % (2 * np.pi) - np.pi
    recording = make_recording(wrapped, period=0.005, joint_types=('continuous',))
    found = sensor_noise([recording], 0.005)['position']
    np.testing.assert_allclose(found, 1e-3, rtol=0.05)


def test_what_was_not_measured_has_no_noise(make_recording: MakeRecording) -> None:
    recording = make_recording(SWING, effort=np.full(SWING.shape, np.nan), period=0.005)
    assert np.isnan(sensor_noise([recording], 0.005)['effort']).all()


def test_a_faster_recording_is_thinned_to_the_step_of_the_model(
    make_recording: MakeRecording,
) -> None:
    recording = make_recording(np.zeros((100, 1)), period=0.001)
    assert message_steps(recording, 0.005) == 5
    assert message_steps(recording, 0.0005) == 1


@pytest.mark.parametrize('step', [0.5, 1e-4])
def test_the_count_of_a_sensor_is_found(step: float) -> None:
    assert count(step * np.array([3, 1, 1, 2, 7, 4])) == pytest.approx(step)
    assert np.isnan(count(np.full(4, step)))


def test_a_steady_motion_has_no_count() -> None:
    ramp = np.arange(1000) + 0.2 * RNG.random(1000)
    assert np.isnan(count(ramp))
