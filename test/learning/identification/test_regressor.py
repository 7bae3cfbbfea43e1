# SPDX-License-Identifier: Apache-2.0
"""The linear equations of recorded motion, against the torque they were made from."""

from collections.abc import Callable
from typing import Any, NamedTuple

from lstm_dynamics_ros.core.errors import DataError, JointNamesError, TooShortError
from lstm_dynamics_ros.learning.identification.regressor import (
    equations,
    LOCAL,
    MARGIN,
    usual_cutoff,
)
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the regressor is pinocchio')
Make = Callable[..., Any]
NAMES = ('joint1', 'joint2')


@pytest.fixture
def prior(planar: Make) -> RigidBodyPrior:
    return RigidBodyPrior(planar().urdf(), NAMES)


def test_the_equations_hold_for_the_parameters_that_made_the_torque(
    planar: Make, recorded: Make, prior: RigidBodyPrior
) -> None:
    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        viscous = np.where(v > 0, [0.3, 0.5], [0.7, 0.5]) * v
        springs = [1.5, -0.8] * np.sin(q) + [-0.5, 0.9] * np.cos(q) + [2.0, -1.0] * q
        body = planar().torque(q, v, a) + [0.2, 0.1] * a
        return np.asarray(body + viscous + [0.4, -0.6] + springs)

    quiet = recorded(torque, position_noise=0.0, effort_noise=0.0)
    ((made,),), _ = equations(prior, [quiet], cutoff=10.0, shares=(0.1,))
    local = np.zeros((2, len(LOCAL)))
    for name, values in {
        'armature': [0.2, 0.1],
        'viscous': [0.3, 0.5],
        'viscous_back': [0.7, 0.5],
        'offset': [0.4, -0.6],
        'spring_sin': [1.5, -0.8],
        'spring_cos': [-0.5, 0.9],
        'spring': [2.0, -1.0],
    }.items():
        local[:, LOCAL.index(name)] = values
    explained = made.body @ prior.parameters.ravel() + (made.local * local).sum(axis=2)
    np.testing.assert_allclose(explained, made.effort, atol=0.02 * np.abs(made.effort).max())


def test_the_smooth_sign_is_in_the_coulomb_column(
    planar: Make, recorded: Make, prior: RigidBodyPrior
) -> None:
    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.asarray(np.tanh(v / (0.3 * np.sqrt(np.mean(v**2, axis=0)))))

    quiet = recorded(torque, position_noise=0.0, effort_noise=0.0)
    made, smoothing = equations(prior, [quiet], cutoff=10.0, shares=(0.1, 0.3))
    assert smoothing.shape == (2, 2)
    np.testing.assert_allclose(smoothing[1], 3 * smoothing[0])
    (item,) = made[1]
    np.testing.assert_allclose(item.local[:, :, LOCAL.index('coulomb')], item.effort, atol=0.03)


def test_what_is_above_the_cut_off_is_measured(
    planar: Make, recorded: Make, prior: RigidBodyPrior
) -> None:
    noisy = recorded(planar().torque, effort_noise=0.3)
    ((made,),), _ = equations(prior, [noisy], cutoff=2.0, shares=(0.1,))
    np.testing.assert_allclose(made.above, 0.3, rtol=0.1)  # 2 of 50 Hz are left


def test_rows_are_thinned_to_what_is_left(
    planar: Make, recorded: Make, prior: RigidBodyPrior
) -> None:
    run = recorded(planar().torque)
    ((made,),), _ = equations(prior, [run], cutoff=4.0, shares=(0.1,))
    assert np.diff(made.time) == pytest.approx(0.1)  # 0.4 / 4 Hz
    assert made.body.shape == (len(made), 2, 20)


def test_a_hole_splits_a_stretch(planar: Make, recorded: Make, prior: RigidBodyPrior) -> None:
    run = recorded(planar().torque)
    run.effort[900:910, 1] = np.nan
    (made,), _ = equations(prior, [run], cutoff=4.0, shares=(0.1,))
    assert [item.name for item in made] == ['run', 'run']
    assert all(np.isfinite(item.effort).all() for item in made)


def test_data_that_say_nothing_are_refused(
    planar: Make, recorded: Make, prior: RigidBodyPrior
) -> None:
    run = recorded(planar().torque, duration=1.0)
    with pytest.raises(DataError, match='rows with position and effort'):
        equations(prior, [run._replace(effort=np.nan * run.effort)], cutoff=5.0, shares=(0.1,))
    short = run._replace(position=run.position[:5], effort=run.effort[:5])
    with pytest.raises(TooShortError, match=r'longest gap-free stretch is 0\.05 s'):
        equations(prior, [short], cutoff=5.0, shares=(0.1,))
    with pytest.raises(JointNamesError, match="got \\['a', 'b'\\]"):
        equations(prior, [run._replace(joint_names=('a', 'b'))], cutoff=5.0, shares=(0.1,))


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
