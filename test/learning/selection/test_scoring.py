# SPDX-License-Identifier: Apache-2.0
"""One number for how good a model is."""

from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.selection.scoring import forward_score, mean_nmse, WORST
from lstm_dynamics_ros.learning.training.losses import Scale
import numpy as np
import pytest
import torch

SETTINGS = ForwardSettings(rollout_steps=50)


def errors(squares: list[float]) -> Scale:
    """Return the same squared errors of [position, velocity, effort] at every step and mode."""
    free = torch.tensor(squares).expand(2, 2, 50, 3).clone()
    return Scale(torch.zeros(2, 3), free)


def test_it_is_the_geometric_mean_over_kinds_without_the_effort() -> None:
    variance = np.array([4.0, 1.0, 9.0])
    found = forward_score(errors([0.04, 0.25, 100.0]), variance, SETTINGS)
    assert found == pytest.approx(np.sqrt(0.01 * 0.25), rel=1e-6)


def test_a_free_run_that_diverged_counts_as_the_worst_and_no_more() -> None:
    wild = errors([0.01, 0.01, 0.0])
    wild.free[:, :, -1] = float('nan')
    found = forward_score(wild, np.ones(3), SETTINGS)
    expected = np.exp((2 * np.log(0.01) + np.log(WORST)) / 3)  # two of three horizons are sound
    assert found == pytest.approx(expected, rel=1e-6)


def test_a_joint_that_rests_does_not_count() -> None:
    assert mean_nmse(np.array([0.2, 1e-6]), np.array([1.0, 0.0])) == pytest.approx(0.2)
    assert mean_nmse(np.array([1e-6]), np.array([0.0])) == 1.0
