# SPDX-License-Identifier: Apache-2.0
"""Identification of robots whose parameters are known: closed forms, and the embedded arm."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from lstm_dynamics_ros.core.state import Matrix, Vector
from lstm_dynamics_ros.learning.identification.identify import identified_prior, identify
from lstm_dynamics_ros.learning.identification.least_squares import impossible_links
from lstm_dynamics_ros.learning.identification.result import Identification
from lstm_dynamics_ros.learning.identification.settings import IdentifySettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the regressor is pinocchio')
Make = Callable[..., Any]
NAMES = ('joint1', 'joint2')
COULOMB, VISCOUS, OFFSET = np.array([0.8, 0.4]), np.array([0.5, 0.2]), np.array([0.3, -0.2])
Torque = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


class Arm(Protocol):
    """A planar arm, see planar_arm.py."""

    length: float

    @property
    def dynamic_parameters(self) -> Vector:
        """The four parameters of the closed form."""

    def torque(self, q: Matrix, v: Matrix, a: Matrix) -> Matrix:
        """Return its torque without friction."""


@pytest.fixture
def true(planar: Make) -> Arm:
    """The arm as it is; its URDF says otherwise."""
    arm: Arm = planar(mass=(2.6, 1.2), center=(0.2, 0.25), inertia=(0.05, 0.03))
    return arm


@pytest.fixture
def rubbed(true: Arm) -> Torque:
    """Torque of the arm as it is, with friction."""

    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        rub = COULOMB * np.tanh(v / 0.02) + VISCOUS * v + OFFSET
        return np.asarray(true.torque(q, v, a) + rub)

    return torque


@pytest.fixture
def found(planar: Make, recorded: Make, rubbed: Torque) -> Identification:
    prior = RigidBodyPrior(planar().urdf(), NAMES)
    return identify(prior, [recorded(rubbed)], IdentifySettings(rotor=False))


def dynamic_parameters(links: np.ndarray, length: float) -> np.ndarray:
    """Return the four parameters of the closed form from the standard ones."""
    (_, _, _, z1, _, _, y1, *_), (m2, _, _, z2, _, _, y2, *_) = links
    return np.array([y1 + m2 * length**2, y2, z2, z1 + m2 * length])


def test_the_parameters_of_the_closed_form_are_recovered(found: Identification, true: Arm) -> None:
    got = dynamic_parameters(found.parameters, true.length)
    np.testing.assert_allclose(got, true.dynamic_parameters, rtol=0.03)


def test_friction_is_recovered_within_its_own_uncertainty(found: Identification) -> None:
    for name, expected in (('coulomb', COULOMB), ('viscous', VISCOUS), ('offset', OFFSET)):
        error = np.abs(getattr(found.friction, name) - expected)
        assert (error < 0.03 * expected.max() + 4 * found.deviations[name]).all(), name


def test_motions_it_has_not_seen_are_predicted(found: Identification, rubbed: Torque) -> None:
    random = np.random.default_rng(9)
    motion = random.uniform(-1.5, 1.5, (3, 200, 2))
    found_torque = found.prior(friction=True).torque(*motion)
    truth = rubbed(*motion)
    assert np.sqrt(np.mean((found_torque - truth) ** 2)) < 0.03 * np.sqrt(np.mean(truth**2))
    nominal = found.nominal.torque(*motion)
    assert np.sqrt(np.mean((nominal - truth) ** 2)) > 0.1 * np.sqrt(np.mean(truth**2))


def test_held_out_errors_fall_to_the_noise_below_the_cut_off(found: Identification) -> None:
    share = np.sqrt(found.cutoff / 50.0)  # of white noise up to 50 Hz
    assert (found.held_out['identified + friction'] < 1.6 * 0.05 * share + 0.02).all()
    for worse, better in (
        ('nominal', 'nominal + friction'),
        ('nominal', 'identified'),
        ('nominal + friction', 'identified + friction'),
        ('identified', 'identified + friction'),
    ):
        assert (found.held_out[better] < found.held_out[worse]).all()


def test_a_planar_arm_has_six_base_parameters_and_a_rotor(
    planar: Make, recorded: Make, rubbed: Torque, found: Identification
) -> None:
    # Iyy + m2 l^2, mx, mz + m2 l of the first link; Iyy, mx, mz of the second.
    assert len(found.base) == 6
    prior = RigidBodyPrior(planar().urdf(), NAMES)
    fixed = IdentifySettings(strength=1.0, share=0.1, folds=2)
    assert len(identify(prior, [recorded(rubbed)], fixed).base) == 7


def test_the_standard_deviations_are_those_of_repeated_experiments(
    planar: Make, recorded: Make, true: Arm
) -> None:
    prior = RigidBodyPrior(planar().urdf(), NAMES)
    settings = IdentifySettings(rotor=False, strength=1e-6, share=0.1, folds=2, feasible=False)
    runs = [
        identify(prior, [recorded(true.torque)._replace(effort=effort)], settings)
        for effort in _noisy(recorded(true.torque, effort_noise=0.0).effort, 25)
    ]
    values = np.array([[item.value for item in run.base] for run in runs])
    said = np.array([item.deviation for item in runs[0].base])
    ratio = values.std(axis=0, ddof=1) / said
    assert (ratio > 0.5).all()
    assert (ratio < 1.6).all()


def _noisy(effort: np.ndarray, count: int) -> list[np.ndarray]:
    random = np.random.default_rng(3)
    return [effort + 0.3 * random.normal(size=effort.shape) for _ in range(count)]


def test_asymmetric_friction_is_found_where_it_may_be(
    planar: Make, recorded: Make, true: Arm
) -> None:
    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.asarray(true.torque(q, v, a) + np.where(v > 0, 0.3, 0.9) * v)

    prior = RigidBodyPrior(planar().urdf(), NAMES)
    settings = IdentifySettings(asymmetric=True, rotor=False, share=0.1)
    found = identify(prior, [recorded(torque)], settings)
    np.testing.assert_allclose(found.friction.viscous, 0.3, atol=0.06)
    np.testing.assert_allclose(found.friction.viscous_back, 0.9, atol=0.06)


def test_trajectories_are_held_out_whole(planar: Make, recorded: Make, rubbed: Torque) -> None:
    runs = [recorded(rubbed, seed=k, name=f'run{k}', duration=6.0) for k in range(4)]
    prior = RigidBodyPrior(planar().urdf(), NAMES)
    found = identify(prior, runs, IdentifySettings(strength=1.0, share=0.1, folds=4))
    assert found.folds == '4 trajectories in 4 parts'
    assert [trace.name for trace in found.traces] == ['run0', 'run1', 'run2', 'run3']


@pytest.fixture(scope='module')
def arm() -> tuple[RigidBodyPrior, NominalModel]:
    """The URDF of the embedded arm, and the same arm with a load in MuJoCo."""
    pytest.importorskip('mujoco', reason='the true robot is MuJoCo')
    robot = load_robot('arm')
    still = replace(
        robot,
        links=tuple(
            replace(link, joint=replace(link.joint, armature=0.0)) for link in robot.links
        ),
    )
    loaded = NominalModel(still, point_mass=1.5, at=(0.03, 0.02, 0.2))
    return RigidBodyPrior(nominal_urdf(robot), robot.joint_names), loaded


def test_the_robot_alone_is_that_of_the_whole_study(
    planar: Make, recorded: Make, rubbed: Torque, found: Identification
) -> None:
    prior = RigidBodyPrior(planar().urdf(), NAMES)
    settings = IdentifySettings(rotor=False)
    alone = identified_prior(prior, [recorded(rubbed)], settings, friction=True)
    assert alone.description() == found.prior(friction=True).description()


def test_springs_at_the_joints_are_not_taken_for_links(
    planar: Make, recorded: Make, true: Arm
) -> None:
    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.asarray(true.torque(q, v, a) + [6.0, 2.0] * q)

    prior = RigidBodyPrior(planar().urdf(), NAMES)
    run = recorded(torque)
    q, v, a = np.random.default_rng(1).uniform(-2, 2, (3, 200, 2))
    wanted = true.torque(q, v, a)
    errors = [
        np.sqrt(np.mean((robot.torque(q, v, a) - wanted) ** 2, axis=0))
        for springs in (False, True)
        for robot in [identified_prior(prior, [run], IdentifySettings(springs=springs))]
    ]
    assert (errors[1] < 0.3 * errors[0]).all()


def test_the_load_of_a_seven_joint_arm_is_found_against_mujoco(
    arm: tuple[RigidBodyPrior, NominalModel], recorded: Make
) -> None:
    prior, loaded = arm
    coulomb = np.array([1.0, 1.0, 0.8, 0.8, 0.3, 0.3, 0.2])

    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.asarray(loaded.torques(q, v, a) + coulomb * np.tanh(v / 0.02))

    settings = IdentifySettings(rotor=False, strength=1.0, share=0.1, folds=4)
    found = identify(prior, [recorded(torque, n=7, duration=30.0, dt=0.02)], settings)
    assert len(found.base) == 43  # as Gaz et al. 2019 count them
    np.testing.assert_allclose(found.friction.coulomb, coulomb, rtol=0.1)
    random = np.random.default_rng(5)
    motion = random.uniform(-1.0, 1.0, (3, 100, 7))
    truth = loaded.torques(*motion)
    before, after = prior.torque(*motion) - truth, found.prior().torque(*motion) - truth
    assert np.sqrt(np.mean(after**2)) < 0.15 * np.sqrt(np.mean(before**2))
    assert impossible_links(found.parameters, prior.joint_names) == []
