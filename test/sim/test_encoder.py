# SPDX-License-Identifier: Apache-2.0
"""Tests of the encoders, against numbers worked out by hand or scipy."""

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.sim.encoder import Encoders
from lstm_dynamics_ros.sim.hidden import HiddenPhysics
import numpy as np
from scipy.signal import lfilter

STEP = 0.001  # [s]


def measured(hidden: HiddenPhysics, position: Matrix, seed: int = 0) -> tuple[Matrix, Matrix]:
    """Return the measured positions and velocities of true positions (n_steps, n_joints)."""
    encoders = Encoders(position.shape[1], hidden, np.random.default_rng(seed))
    q, dq = np.empty_like(position), np.empty_like(position)
    for k, row in enumerate(position):
        encoders.measure(row)
        q[k], dq[k] = encoders.position, encoders.velocity
    return q, dq


def test_positions_are_whole_counts() -> None:
    true = np.random.default_rng(0).uniform(-3.0, 3.0, (500, 2))

    q, _ = measured(HiddenPhysics(encoder_bits=12), true)

    counts = q * 4096 / (2.0 * np.pi)
    np.testing.assert_allclose(counts, np.rint(counts), atol=1e-9)
    assert np.abs(q - true).max() <= np.pi / 4096 + 1e-12


def test_the_smallest_step_is_one_count() -> None:
    ramp = np.linspace(0.0, 0.05, 2000)[:, None]

    q, _ = measured(HiddenPhysics(encoder_bits=14), ramp)

    steps = np.unique(np.round(np.diff(q[:, 0]) * 2**14 / (2.0 * np.pi), 6))
    np.testing.assert_allclose(steps, [0.0, 1.0])


def test_noise_has_the_wanted_size_in_counts() -> None:
    q, _ = measured(HiddenPhysics(encoder_bits=17, encoder_noise=3.0), np.zeros((20_000, 1)))

    # rounding adds the variance of a uniform error of one count
    assert abs((q * 2**17 / (2.0 * np.pi)).std() - np.sqrt(9.0 + 1.0 / 12.0)) < 0.05


def test_velocity_is_the_difference_through_a_first_order_filter() -> None:
    true = np.cumsum(np.random.default_rng(2).normal(size=(300, 1)) * 1e-3, axis=0)

    q, dq = measured(HiddenPhysics(velocity_cutoff=80.0), true)

    pole = np.exp(-2.0 * np.pi * 80.0 * STEP)
    expected = lfilter([1.0 - pole], [1.0, -pole], np.diff(q[:, 0], prepend=q[0, 0]) / STEP)
    np.testing.assert_allclose(dq[:, 0], expected, atol=1e-9)


def test_the_same_seed_gives_the_same_noise() -> None:
    hidden = HiddenPhysics(encoder_noise=1.0)
    still = np.zeros((1500, 2))

    np.testing.assert_array_equal(measured(hidden, still, 5)[0], measured(hidden, still, 5)[0])
    assert np.any(measured(hidden, still, 5)[0] != measured(hidden, still, 6)[0])
