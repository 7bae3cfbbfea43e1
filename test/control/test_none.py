# SPDX-License-Identifier: Apache-2.0
"""Tests for control/base.py; what all controllers promise is in test_contract.py."""

from lstm_dynamics_ros.control import CONTROLLERS
from lstm_dynamics_ros.control.base import NoController


def test_it_cannot_be_armed() -> None:
    assert CONTROLLERS['none'].__name__ == 'NoneConfig'
    assert NoController.computes_torque is False
