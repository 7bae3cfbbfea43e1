# SPDX-License-Identifier: Apache-2.0
"""The rigid-body prior against the textbook equations of a two-link arm."""

from hashlib import sha256
from pathlib import Path

from lstm_dynamics_ros.errors import DataError, JointNamesError, ShapeError
from lstm_dynamics_ros.physics.prior import RigidBodyPrior
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the rigid-body prior is pinocchio')

M1, M2, L1, R1, R2, I1, I2, G = 2.0, 1.5, 0.5, 0.25, 0.2, 0.03, 0.02, 9.81
LINK = """
<link name="link{k}"><inertial><origin xyz="0 0 {r}"/><mass value="{m}"/>
<inertia ixx="{i}" iyy="{i}" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="joint{k}" type="{kind}"><parent link="{parent}"/><child link="link{k}"/>
<origin xyz="0 0 {z}"/><axis xyz="0 1 0"/>{limit}</joint>"""


def urdf(path: Path, kind: str = 'revolute', extra: str = '') -> Path:
    """Write an arm of two links that stand upright at zero and turn about y."""
    limit = '<limit lower="-3" upper="3" effort="50" velocity="5"/>'
    first = LINK.format(k=1, r=R1, m=M1, i=I1, kind=kind, parent='base', z=0, limit=limit)
    second = LINK.format(k=2, r=R2, m=M2, i=I2, kind=kind, parent='link1', z=L1, limit=limit)
    path.write_text(f'<robot name="arm"><link name="base"/>{first}{second}{extra}</robot>')
    return path


def textbook(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Equations of motion of a planar two-link arm, angles from upright.

    Source: M. Spong, S. Hutchinson, M. Vidyasagar, "Robot modeling and control", 2006, ch. 7.4,
    with gravity along the upright.
    """
    c2, s2 = np.cos(q[:, 1]), np.sin(q[:, 1])
    m11 = M1 * R1**2 + I1 + I2 + M2 * (L1**2 + R2**2 + 2 * L1 * R2 * c2)
    m12 = I2 + M2 * (R2**2 + L1 * R2 * c2)
    m22 = M2 * R2**2 + I2
    h = -M2 * L1 * R2 * s2
    g1 = -(M1 * R1 + M2 * L1) * G * np.sin(q[:, 0]) - M2 * R2 * G * np.sin(q.sum(1))
    g2 = -M2 * R2 * G * np.sin(q.sum(1))
    tau1 = m11 * a[:, 0] + m12 * a[:, 1] + h * (2 * v[:, 0] * v[:, 1] + v[:, 1] ** 2) + g1
    tau2 = m12 * a[:, 0] + m22 * a[:, 1] - h * v[:, 0] ** 2 + g2
    return np.stack([tau1, tau2], axis=1)


@pytest.fixture
def motion() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(5)
    return tuple(random.uniform(-2, 2, (40, 2)) for _ in range(3))  # type: ignore[return-value]


@pytest.mark.parametrize('kind', ['revolute', 'continuous'])
def test_torque_is_that_of_the_textbook(
    tmp_path: Path, kind: str, motion: tuple[np.ndarray, ...]
) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf', kind), ('joint1', 'joint2'))
    np.testing.assert_allclose(prior.torque(*motion), textbook(*motion), rtol=1e-9, atol=1e-9)


def test_columns_follow_the_order_asked_for(
    tmp_path: Path, motion: tuple[np.ndarray, ...]
) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint2', 'joint1'))
    swapped = [part[:, ::-1] for part in motion]
    expected = textbook(*motion)[:, ::-1]
    np.testing.assert_allclose(prior.torque(*swapped), expected, rtol=1e-9, atol=1e-9)


def test_other_joints_are_locked_at_zero(tmp_path: Path) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1',))
    q = np.array([[0.7]])
    got = prior.torque(q, np.zeros((1, 1)), np.zeros((1, 1)))
    whole = textbook(np.array([[0.7, 0.0]]), np.zeros((1, 2)), np.zeros((1, 2)))
    np.testing.assert_allclose(got, whole[:, :1], rtol=1e-9)


def test_the_file_is_named_and_hashed(tmp_path: Path) -> None:
    path = urdf(tmp_path / 'arm.urdf')
    prior = RigidBodyPrior(path, ('joint1',))
    assert (prior.source, prior.sha256) == ('arm.urdf', sha256(path.read_bytes()).hexdigest())


def test_a_joint_that_is_not_there_is_refused_with_the_closest(tmp_path: Path) -> None:
    with pytest.raises(JointNamesError, match='joint3 -> joint'):
        RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1', 'joint3'))


def test_a_file_that_is_no_urdf_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'arm.urdf'
    path.write_text('not xml')
    with pytest.raises(DataError, match=r'arm\.urdf is not a URDF'):
        RigidBodyPrior(path, ('joint1',))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='There is no URDF file'):
        RigidBodyPrior(tmp_path / 'arm.urdf', ('joint1',))


def test_a_wrong_shape_is_refused(tmp_path: Path) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1', 'joint2'))
    with pytest.raises(ShapeError, match=r'velocity must have shape \(3, 2\), got \(3, 1\)'):
        prior.torque(np.zeros((3, 2)), np.zeros((3, 1)), np.zeros((3, 2)))
