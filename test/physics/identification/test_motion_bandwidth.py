# SPDX-License-Identifier: Apache-2.0
"""The cut-off that suits a motion."""

from typing import NamedTuple

from lstm_dynamics_ros.core.errors import DataError
from lstm_dynamics_ros.physics.identification.regressor import MARGIN, usual_cutoff
import numpy as np
import pytest


class Run(NamedTuple):
    """What the cut-off is judged by."""

    name: str
    joint_names: tuple[str, ...]
    joint_types: tuple[str, ...]
    dt: float
    position: np.ndarray
    effort: np.ndarray


def sine(frequency: float, dt: float, noise: float = 0.0) -> Run:
    """Return 40 s of two joints at one frequency."""
    time = np.arange(0.0, 40.0, dt)
    wave = np.sin(2 * np.pi * frequency * time)[:, None] * [1.0, 0.01]
    random = np.random.default_rng(0)
    position = wave + noise * random.normal(size=wave.shape)
    return Run('sine', ('a', 'b'), ('revolute', 'revolute'), dt, position, 0 * wave)


@pytest.mark.parametrize('frequency', [0.5, 1.5])
@pytest.mark.parametrize('dt', [0.002, 0.01])
def test_it_follows_the_motion_and_not_the_rate(frequency: float, dt: float) -> None:
    cutoff = usual_cutoff([sine(frequency, dt)])
    assert cutoff == pytest.approx(MARGIN * frequency, rel=0.15)


def test_noise_of_an_encoder_hardly_raises_it() -> None:
    quiet, noisy = sine(1.0, 0.002), sine(1.0, 0.002, noise=1e-5)
    assert usual_cutoff([noisy]) == pytest.approx(usual_cutoff([quiet]), rel=0.2)


def test_slow_motion_is_found_below_much_noise_of_an_encoder() -> None:
    # One part in a thousand: of the velocity at 100 Hz the noise has a third of the power.
    noisy = sine(0.2, 0.01, noise=1e-3)._replace(joint_names=('a',), joint_types=('revolute',))
    noisy = noisy._replace(position=noisy.position[:, :1])
    assert usual_cutoff([noisy]) < 4 * MARGIN * 0.2


def test_it_stays_below_the_nyquist_frequency() -> None:
    assert usual_cutoff([sine(4.0, 0.1)]) <= 0.8 * 5.0


def test_what_stands_still_is_refused() -> None:
    run = sine(1.0, 0.01)
    with pytest.raises(DataError, match='Nothing moves'):
        usual_cutoff([run._replace(position=0 * run.position)])
    with pytest.raises(DataError, match='at least one recording'):
        usual_cutoff([])
