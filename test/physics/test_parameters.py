# SPDX-License-Identifier: Apache-2.0
"""Tests for parameters.py."""

from hashlib import sha256

from lstm_dynamics_ros.core.errors import ConfigError, DataError
from lstm_dynamics_ros.physics.parameters import (
    as_text,
    checked_armature,
    checked_parameters,
    identified,
    urdf_of,
)
import numpy as np
import pytest


@pytest.mark.parametrize(
    ('parameters', 'message'),
    [
        (np.ones((1, 10)), r'parameters must be \(2, 10\) finite numbers, got \(1, 10\)'),
        (np.full((2, 10), np.nan), 'finite'),
        (np.zeros((2, 10)), 'Every mass must be > 0'),
    ],
)
def test_parameters_that_do_not_fit_are_refused(parameters: np.ndarray, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        checked_parameters(parameters, 2)


@pytest.mark.parametrize('armature', [[0.1], [0.1, -0.1], [0.1, np.nan]])
def test_an_armature_that_does_not_fit_is_refused(armature: list[float]) -> None:
    with pytest.raises(ConfigError, match='one number >= 0 for each of'):
        checked_armature(armature, ('joint1', 'joint2'))


def test_numbers_come_back_from_their_text_to_the_last_bit() -> None:
    parameters = np.random.default_rng(3).normal(size=(2, 10))
    read = identified({'parameters': as_text(parameters), 'armature': as_text(parameters[0, :2])})
    np.testing.assert_array_equal(read['parameters'], parameters)
    np.testing.assert_array_equal(read['armature'], parameters[0, :2])


def test_a_urdf_other_than_the_one_named_is_refused() -> None:
    named = {'urdf': '<robot/>', 'sha256': sha256(b'<robot/>').hexdigest()}
    assert urdf_of(named) == '<robot/>'
    with pytest.raises(DataError, match='does not hold the URDF'):
        urdf_of(named | {'urdf': '<robot name="other"/>'})
