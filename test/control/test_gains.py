# SPDX-License-Identifier: Apache-2.0
"""Tests for control/base.py."""

from lstm_dynamics_ros.control.base import ControlContext, per_joint, required_prior
from lstm_dynamics_ros.core.errors import ConfigError
import numpy as np
import pytest

CONTEXT = ControlContext(
    joint_names=('a', 'b'), period=0.005, latency=0.0, effort_limits=(9.0, 9.0)
)


@pytest.mark.parametrize(('values', 'expected'), [((3.0,), [3, 3]), ((1.0, 2.0), [1, 2])])
def test_one_value_is_for_all_joints(values: tuple[float, ...], expected: list[int]) -> None:
    np.testing.assert_array_equal(per_joint('gain', values, CONTEXT), expected)


@pytest.mark.parametrize('values', [(), (1.0, 2.0, 3.0)])
def test_another_number_of_values_is_refused(values: tuple[float, ...]) -> None:
    with pytest.raises(ConfigError, match=rf'the 2 joints \(a, b\), got {len(values)}'):
        per_joint('gain', values, CONTEXT)


def test_a_missing_rigid_body_model_is_said_with_the_controller() -> None:
    with pytest.raises(ConfigError, match='mine needs a rigid-body model, got none'):
        required_prior('mine', CONTEXT)
