# SPDX-License-Identifier: Apache-2.0
"""What a model sees of an observation beside its normalised values."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.features import FeatureMap
import numpy as np
import pytest
import torch


def test_friction_is_seen_as_steps_and_as_size_of_the_velocity() -> None:
    settings = InverseSettings(friction_velocities=(0.1, 2.0), ripple_limit=0)
    seen = FeatureMap(settings, ('revolute', 'prismatic'))
    seen.inverse_std.copy_(torch.tensor([1.0, 1.0, 4.0, 5.0]))
    row = torch.tensor([[0.3, 0.4, -0.5, 0.05]])
    found = seen.features(row)[0].numpy()
    speed = np.array([-0.5, 0.05])
    expected = np.concatenate(
        [np.tanh(speed / 0.1), np.tanh(speed / 2.0), np.abs(speed) * np.array([4.0, 5.0])]
    )
    np.testing.assert_allclose(found[-6:], expected, rtol=1e-6)
    assert len(found) == seen.width == 4 + 2 + 6


def test_without_friction_velocities_there_is_none() -> None:
    settings = InverseSettings(ripple_limit=0)
    assert FeatureMap(settings, ('revolute', 'prismatic')).width == 4 + 2


@pytest.mark.parametrize(
    ('how', 'expected'),
    [
        ('value', lambda q, x, v: [q[0], q[1], x, v, np.sin(q), np.cos(q)]),
        ('sin_cos', lambda q, x, v: [x, v, np.sin(q), np.cos(q)]),
        (
            'sums',
            lambda q, x, v: [x, v, np.sin([*q, q[0] + q[1]]), np.cos([*q, q[0] + q[1]])],
        ),
        ('none', lambda *motion: [motion[-1]]),
    ],
)
def test_positions_are_seen_as_asked(how: str, expected: Callable[..., list[Any]]) -> None:
    settings = InverseSettings(position_features=how, ripple_limit=0)
    seen = FeatureMap(settings, ('revolute', 'revolute', 'prismatic'))
    q, x, v = np.array([0.3, -1.2]), 0.7, np.array([0.1, 0.2, 0.3])
    row = torch.tensor([[*q, x, *v]], dtype=torch.float32)
    found = seen.features(row)[0].numpy()
    np.testing.assert_allclose(found, np.hstack(expected(q, x, v)), rtol=1e-6)
    assert len(found) == seen.width


def test_angles_of_a_continuous_joint_are_summed_the_same_a_turn_later() -> None:
    settings = InverseSettings(position_features='sums', ripple_limit=0)
    seen = FeatureMap(settings, ('continuous', 'revolute'))
    seen.inverse_std[0] = 0.0
    rows = torch.tensor([[0.3, 0.4, 0.0, 0.0], [0.3 + 2 * np.pi, 0.4, 0.0, 0.0]])
    one, other = seen.features(rows.to(torch.float64).float())
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
