# SPDX-License-Identifier: Apache-2.0
"""Tests for state.py."""

from lstm_dynamics_ros.core.state import JointState, NANOSECONDS
import numpy as np


def test_stamps_hold_wall_time_exactly() -> None:
    stamp = 1_780_000_000 * NANOSECONDS + 1
    assert JointState(stamp, np.zeros(1), np.zeros(1), np.zeros(1)).stamp_ns == stamp
    assert int(float(stamp)) != stamp  # why they are integers
