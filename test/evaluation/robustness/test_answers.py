# SPDX-License-Identifier: Apache-2.0
"""What a model answers from what it knows in time."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import segments
from lstm_dynamics_ros.evaluation.forecasters.base import KNOWN_TORQUE
from lstm_dynamics_ros.evaluation.forecasters.model import ModelForecaster
from lstm_dynamics_ros.evaluation.robustness.answers import (
    ForwardSubject,
    InverseSubject,
    MotionSubject,
)
from lstm_dynamics_ros.evaluation.robustness.base import RobustnessCase
from lstm_dynamics_ros.evaluation.robustness.message_disturbances import Noise
from lstm_dynamics_ros.evaluation.robustness.streams import Messages, place, ReplayTrack, tracks
from lstm_dynamics_ros.learning.identification.differentiate import smoothed_motion
from lstm_dynamics_ros.pipeline.settings import PipelineSettings
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
import pytest

SETTINGS = PipelineSettings()


def one_track(recording: Recording, loaded: LoadedModel, horizon: int) -> ReplayTrack:
    (track,) = tracks([recording], loaded.card, SETTINGS, horizon=horizon, most=0)
    return track


@pytest.mark.parametrize('late', [0, 2])
def test_a_forward_model_looks_as_much_further_ahead_as_it_knows_less(
    swinging: Recording, forward_model: LoadedModel, late: int
) -> None:
    subject = ForwardSubject(forward_model, SETTINGS.max_gap_steps, 10)
    track = one_track(swinging.rows(0, 300), forward_model, 10)
    delay = late * 10_000_000
    messages = Messages(track.recording, track.recording.stamp_ns + delay)
    (found,) = subject.ask(track, [place(messages, forward_model.card, SETTINGS)])
    (segment,) = segments(track.recording, 0.01)
    predicted = ModelForecaster(forward_model).forecast(
        segment, track.rows - late, (1 + late, 10 + late), mode=KNOWN_TORQUE
    )
    assert (found.age == late).all()
    for number, ahead in enumerate((1, 10)):
        expected = predicted['velocity'][:, number] - segment.velocity[track.rows + ahead]
        np.testing.assert_allclose(found.errors[f'velocity+{ahead}'], expected, atol=1e-5)


def test_an_inverse_model_holds_its_last_answer(
    swinging: Recording, linear_model: LoadedModel
) -> None:
    subject = InverseSubject(linear_model, SETTINGS.max_gap_steps)
    track = one_track(swinging, linear_model, 0)
    messages = Messages(swinging, swinging.stamp_ns + 10_000_000)
    (found,) = subject.ask(track, [place(messages, linear_model.card, SETTINGS)])
    predicted = 5 * swinging.position + 0.5 * swinging.velocity
    expected = predicted[track.rows - 1] - swinging.effort[track.rows]
    np.testing.assert_allclose(found.errors['effort'], expected, atol=1e-5)


def test_there_is_no_answer_from_what_is_too_old(
    swinging: Recording, linear_model: LoadedModel
) -> None:
    subject = InverseSubject(linear_model, 3)
    track = one_track(swinging, linear_model, 0)
    messages = Messages(swinging, swinging.stamp_ns + 40_000_000)
    (found,) = subject.ask(track, [place(messages, linear_model.card, SETTINGS)])
    assert np.isnan(found.errors['effort']).all()


def test_angles_are_compared_the_short_way_round(
    load: Callable[..., LoadedModel], make_recording: Callable[..., Recording]
) -> None:
    loaded = load(dt=0.01, push=0.0, joint_types=('continuous', 'revolute'))
    turning = 2.0 * 0.01 * np.arange(400)[:, None] * np.array([1.0, 0.0])
    wrapped = (turning + np.pi) % (2 * np.pi) - np.pi
    speed = np.full((400, 2), 2.0) * np.array([1.0, 0.0])
    recording = make_recording(wrapped, speed, joint_types=('continuous', 'revolute'))
    track = one_track(recording, loaded, 1)
    subject = ForwardSubject(loaded, SETTINGS.max_gap_steps, 1)
    (found,) = subject.ask(track, [track.placed])
    np.testing.assert_allclose(found.errors['position+1'], 0.0, atol=1e-5)


def test_a_residual_is_compared_with_what_the_prior_leaves(
    swinging: Recording, linear_model: LoadedModel
) -> None:
    card = replace(linear_model.card, model_kind='residual_inverse')
    residual = replace(linear_model, card=card)
    with pytest.raises(ConfigError, match='prior'):
        InverseSubject(residual, 5)
    subject = InverseSubject(residual, 5, lambda segment: 2.0 * segment.position)
    track = one_track(swinging, residual, 0)
    truth = subject.truth(track, subject.channels[0])
    expected = swinging.effort[track.rows] - 2.0 * swinging.position[track.rows]
    np.testing.assert_allclose(truth, expected)


BANDWIDTH, DT, LATENCY = 20.0, 0.01, 3


@pytest.fixture(scope='module')
def control_model(load: Callable[..., LoadedModel]) -> LoadedModel:
    """Predicts that the disturbance goes on as it is; no prior, so that is the effort."""
    return load(
        kind='motion',
        dt=DT,
        push=0.0,
        disturbance_bandwidth=BANDWIDTH,
        latency_steps=LATENCY,
    )


def low_passed(effort: np.ndarray) -> np.ndarray:
    """Return the effort over three steps, through two equal poles, from a settled start."""
    weighted = 0.25 * effort[2:] + 0.5 * effort[1:-1] + 0.25 * effort[:-2]
    share = 1 - np.exp(-BANDWIDTH * DT)
    out, first, second = np.zeros_like(effort), weighted[0], weighted[0]
    out[2] = second
    for row, value in enumerate(weighted[1:], 3):
        first = first + share * (value - first)
        second = second + share * (first - second)
        out[row] = second
    return out


def test_the_answer_is_compared_with_the_effort_one_latency_ahead(
    swinging: Recording, control_model: LoadedModel, make_case: Callable[..., RobustnessCase]
) -> None:
    case = make_case(MotionSubject(control_model, 5, None), [swinging])
    (track,), (found,) = case.tracks, case.undisturbed
    (effort,) = smoothed_motion(swinging.effort, DT, 12.0, order=0)
    expected = low_passed(swinging.effort)[track.rows] - effort[track.rows + LATENCY]
    np.testing.assert_allclose(found.errors['effort'], expected, atol=1e-4)


def test_noise_of_the_effort_goes_through_the_low_pass(
    swinging: Recording, control_model: LoadedModel, make_case: Callable[..., RobustnessCase]
) -> None:
    noise = {'position': np.zeros(2), 'velocity': np.zeros(2), 'effort': np.array([1.0, 3.0])}
    case = make_case(MotionSubject(control_model, 5, None), [swinging], noise)
    (curve,) = Noise().measure(case, lambda _: None)
    pulse = np.zeros((400, 1))
    pulse[10] = 1.0
    gain = np.sqrt(np.sum(low_passed(pulse) ** 2))
    for level in curve.levels[1:]:
        found = level.figures['effort']
        added = np.sqrt(found.rmse**2 - found.undisturbed**2)
        np.testing.assert_allclose(added, level.size * gain * noise['effort'], rtol=0.15)


def test_a_missing_prior_is_refused(make_model: Callable[..., Path], tmp_path: Path) -> None:
    path = make_model(
        tmp_path / 'm.onnx',
        kind='motion',
        physics_prior={'source': 'arm.urdf'},
        disturbance_bandwidth=BANDWIDTH,
    )
    with pytest.raises(ConfigError, match=r'arm\.urdf'):
        MotionSubject(load_model(path), 5, None)
