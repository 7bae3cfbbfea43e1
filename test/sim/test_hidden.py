# SPDX-License-Identifier: Apache-2.0
"""Tests of the settings of the hidden physics."""

from lstm_dynamics_ros.core.errors import ConfigError, UnknownNameError
from lstm_dynamics_ros.core.parameters import build
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
import pytest


def test_a_negative_payload_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'payload must be >= 0\.0 kg, got -1\.0'):
        build(HiddenPhysics, {'payload': -1.0})


def test_a_misspelt_setting_is_refused_with_the_closest_name() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'friction_scale'"):
        build(HiddenPhysics, {'frictionscale': 1.0})
