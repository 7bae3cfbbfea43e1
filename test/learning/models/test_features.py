# SPDX-License-Identifier: Apache-2.0
"""What a model sees of an observation beside its normalised values."""

from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.models.features import FeatureMap
import numpy as np
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
