# SPDX-License-Identifier: Apache-2.0
"""Position, velocity and acceleration of a few steps ago, from the past alone."""

from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.signals.causal_motion import CausalMotion
import numpy as np
import pytest
from scipy.signal import savgol_coeffs

DT = 0.01


def made(window: int = 9, delay: int = 3, *, turns: bool = False) -> CausalMotion:
    return CausalMotion(window=window, delay=delay, dt=DT, continuous=[turns, False])


def test_a_parabola_is_read_without_error() -> None:
    times = DT * np.arange(30)
    velocity = np.stack([0.3 + 2.0 * times - 1.5 * times**2, 1.0 - times], 1)
    position = np.stack([1.0 - times + 0.5 * times**2, times**2], 1)
    motion = made()
    for q, v in zip(position, velocity, strict=True):
        found = motion.update(q, v)
    at = times[-1] - 3 * DT
    np.testing.assert_allclose(found.position, [1 - at + 0.5 * at**2, at**2], atol=1e-12)
    np.testing.assert_allclose(found.velocity, [0.3 + 2 * at - 1.5 * at**2, 1 - at], atol=1e-12)
    np.testing.assert_allclose(found.acceleration, [2 - 3 * at, -1], atol=1e-10)


def test_the_weights_are_those_of_savitzky_and_golay() -> None:
    rows = np.random.default_rng(0).normal(size=(40, 2))
    motion = made(window=11, delay=4)
    for row in rows:
        found = motion.update(row, row)
    for order, value in ((0, found.velocity), (1, found.acceleration)):
        weights = savgol_coeffs(11, 2, deriv=order, delta=DT, pos=6, use='dot')
        np.testing.assert_allclose(value, weights @ rows[-11:], rtol=1e-9)


def test_a_robot_that_was_never_seen_moving_has_no_acceleration() -> None:
    found = made().update(np.array([1.0, 2.0]), np.array([0.5, 0.0]))
    np.testing.assert_allclose(found.position, [1.0, 2.0])
    np.testing.assert_allclose(found.acceleration, 0.0, atol=1e-12)


def test_a_reset_forgets_the_past() -> None:
    motion, fresh = made(), made()
    for k in range(20):
        motion.update(np.full(2, 0.1 * k), np.full(2, float(k)))
    motion.reset()
    q, v = np.array([0.3, 0.4]), np.array([0.1, -0.1])
    for mine, theirs in zip(motion.update(q, v), fresh.update(q, v), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_joint_that_turns_without_end_does_not_jump() -> None:
    motion = made(turns=True)
    angles = 3.0 + 0.05 * np.arange(20)
    for angle in angles:
        found = motion.update(
            np.array([(angle + np.pi) % (2 * np.pi) - np.pi, angle]), np.full(2, 5.0)
        )
    assert found.position[0] == pytest.approx(found.position[1])


@pytest.mark.parametrize(('window', 'delay'), [(3, 0), (8, 8), (8, -1)])
def test_impossible_windows_are_refused(window: int, delay: int) -> None:
    with pytest.raises(ConfigError, match='window must be at least 4'):
        made(window, delay)
