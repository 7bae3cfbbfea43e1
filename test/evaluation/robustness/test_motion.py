# SPDX-License-Identifier: Apache-2.0
"""A model for control, whose answer is the measured disturbance itself."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.base import Case
from lstm_dynamics_ros.evaluation.robustness.motion import MotionSubject
from lstm_dynamics_ros.evaluation.robustness.noise import Noise
from lstm_dynamics_ros.physics.differentiate import smoothed_motion
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
import pytest

BANDWIDTH, DT, LATENCY = 20.0, 0.01, 3


@pytest.fixture(scope='module')
def control_model(
    make_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> LoadedModel:
    """Predicts that the disturbance goes on as it is; no prior, so that is the effort."""
    path = make_model(
        tmp_path_factory.mktemp('m') / 'm.onnx', kind='motion', dt=DT, push=0.0,
        disturbance_bandwidth=BANDWIDTH, latency_steps=LATENCY,
    )  # fmt: skip
    return load_model(path)


def low_passed(effort: np.ndarray) -> np.ndarray:
    """Return the effort over three steps, through two equal poles, from a settled start."""
    spent = 0.25 * effort[2:] + 0.5 * effort[1:-1] + 0.25 * effort[:-2]
    share = 1 - np.exp(-BANDWIDTH * DT)
    out, first, second = np.zeros_like(effort), spent[0], spent[0]
    out[2] = second
    for row, value in enumerate(spent[1:], 3):
        first = first + share * (value - first)
        second = second + share * (first - second)
        out[row] = second
    return out


def test_the_answer_is_compared_with_the_effort_one_latency_ahead(
    swinging: Recording, control_model: LoadedModel, make_case: Callable[..., Case]
) -> None:
    case = make_case(MotionSubject(control_model, 5, None), [swinging])
    (track,), (found,) = case.tracks, case.undisturbed
    (effort,) = smoothed_motion(swinging.effort, DT, 12.0, order=0)
    expected = low_passed(swinging.effort)[track.rows] - effort[track.rows + LATENCY]
    np.testing.assert_allclose(found.errors['effort'], expected, atol=1e-4)


def test_noise_of_the_effort_goes_through_the_low_pass(
    swinging: Recording, control_model: LoadedModel, make_case: Callable[..., Case]
) -> None:
    noise = {
        'position': np.zeros(2), 'velocity': np.zeros(2), 'effort': np.array([1.0, 3.0])
    }  # fmt: skip
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
        tmp_path / 'm.onnx', kind='motion', physics_prior={'source': 'arm.urdf'},
        disturbance_bandwidth=BANDWIDTH,
    )  # fmt: skip
    with pytest.raises(ConfigError, match=r'arm\.urdf'):
        MotionSubject(load_model(path), 5, None)
