# SPDX-License-Identifier: Apache-2.0
"""What is said about an identification that is not to be trusted."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lstm_dynamics_ros.learning.identification.identify import identify
from lstm_dynamics_ros.learning.identification.result import doubts, Identification
from lstm_dynamics_ros.learning.identification.settings import IdentifySettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the regressor is pinocchio')
Make = Callable[..., Any]


@pytest.fixture
def sound(planar: Make, recorded: Make) -> Identification:
    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.asarray(planar().torque(q, v, a) + 0.5 * np.tanh(v / 0.02))

    prior = RigidBodyPrior(planar().urdf(), ('joint1', 'joint2'))
    settings = IdentifySettings(strength=1.0, share=0.1, folds=2)
    found = identify(prior, [recorded(torque)], settings)
    return replace(found, condition=10.0)


def test_a_sound_one_is_not_doubted(sound: Identification) -> None:
    assert doubts(sound) == []


def test_links_that_cannot_be_are_named(sound: Identification) -> None:
    wrong = sound.parameters.copy()
    wrong[1, 9] = -1.0
    (text,) = doubts(replace(sound, parameters=wrong))
    assert text.startswith('The identified inertia of the links of joint2 is that of no body')


def test_a_urdf_that_cannot_be_is_said_to_be_that_already(sound: Identification) -> None:
    wrong = sound.parameters.copy()
    wrong[0, 9] = -1.0
    sound.nominal.nominal = wrong
    (text,) = doubts(replace(sound, parameters=wrong))
    assert text.startswith('In the URDF the inertia of the links of joint1')


def test_poor_conditioning_is_said(sound: Identification) -> None:
    (text,) = doubts(replace(sound, condition=1234.0))
    assert 'condition number of the regressor is 1234' in text
    assert 'lstm-dynamics excite' in text


def test_friction_that_is_not_sure_is_named(sound: Identification) -> None:
    spread = {**sound.deviations, 'coulomb': np.array([0.001, 10.0])}
    (text,) = doubts(replace(sound, deviations=spread))
    assert text.startswith('Coulomb friction of joint2')


def test_a_model_worse_than_the_urdf_is_named(sound: Identification) -> None:
    errors = {**sound.held_out, 'nominal': np.zeros(2)}
    (text,) = doubts(replace(sound, held_out=errors))
    assert 'worse than the URDF for joint1 and joint2' in text
