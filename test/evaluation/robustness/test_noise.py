# SPDX-License-Identifier: Apache-2.0
"""Noise on the input, where the answer to it is known in closed form."""

from collections.abc import Callable
from dataclasses import replace

from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.evaluation.robustness.answers import InverseSubject
from lstm_dynamics_ros.evaluation.robustness.base import Case
from lstm_dynamics_ros.evaluation.robustness.noise import Noise
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np

MakeCase = Callable[..., Case]
NOISE = {
    'position': np.array([0.02, 0.01]),
    'velocity': np.array([0.3, 0.1]),
    'effort': np.array([1.0, 1.0]),
}


def test_a_linear_model_adds_the_noise_times_its_coefficients(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging], NOISE)
    (curve,) = Noise().measure(case, lambda _: None)
    added = (5 * NOISE['position']) ** 2 + (0.5 * NOISE['velocity']) ** 2
    for level in curve.levels:
        expected = np.sqrt(0.2**2 + level.size**2 * added)
        np.testing.assert_allclose(level.figures['effort'].rmse, expected, rtol=0.04)
    assert curve.levels[0].figures['effort'].ratio == 1.0


def test_a_derived_velocity_gets_the_noise_of_its_positions(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    derived = replace(linear_model, card=replace(linear_model.card, velocity_source='derived'))
    case = make_case(InverseSubject(derived, 5), [swinging], NOISE)
    (curve,) = Noise().measure(case, lambda _: None)
    level = curve.levels[1]
    # 5 q + 0.5 (q - q_before) / dt: coefficients 5 + 50 and -50.
    added = (55.0**2 + 50.0**2) * NOISE['position'] ** 2
    found = level.figures['effort']
    np.testing.assert_allclose(found.rmse, np.sqrt(found.undisturbed**2 + added), rtol=0.04)


def test_the_noise_is_told_in_words(
    swinging: Recording, linear_model: LoadedModel, make_case: MakeCase
) -> None:
    case = make_case(InverseSubject(linear_model, 5), [swinging], NOISE)
    assert 'velocity 0.3 0.1' in Noise().notes(case)[0]
