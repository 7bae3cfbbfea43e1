# SPDX-License-Identifier: Apache-2.0
"""The rigid-body prior against the textbook equations of a two-link arm."""

from hashlib import sha256
from pathlib import Path
import pickle

from lstm_dynamics_ros.core.errors import ConfigError, DataError, JointNamesError, ShapeError
from lstm_dynamics_ros.physics.friction import Friction
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.sim.nominal import NominalModel
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
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


def test_one_row_alone_is_that_row_of_many(tmp_path: Path, motion: tuple[np.ndarray, ...]) -> None:
    for names in (('joint1', 'joint2'), ('joint2', 'joint1')):
        prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf', 'continuous'), names)
        many = prior.torque(*motion)
        for k in range(5):
            row = prior.torque(*(part[k] for part in motion))
            np.testing.assert_array_equal(row, many[k])


def test_the_text_of_a_urdf_will_do(tmp_path: Path, motion: tuple[np.ndarray, ...]) -> None:
    path = urdf(tmp_path / 'named.urdf')
    by_file = RigidBodyPrior(path, ('joint1', 'joint2'))
    by_text = RigidBodyPrior(path.read_text(), ('joint1', 'joint2'))
    assert (by_text.source, by_text.sha256) == ('arm', by_file.sha256)
    np.testing.assert_array_equal(by_text.torque(*motion), by_file.torque(*motion))


@pytest.mark.parametrize('names', [('joint1', 'joint2'), ('joint2', 'joint1')])
def test_rotors_add_their_inertia(
    tmp_path: Path, names: tuple[str, str], motion: tuple[np.ndarray, ...]
) -> None:
    path, armature = urdf(tmp_path / 'arm.urdf'), (0.3, 0.7)
    bare = RigidBodyPrior(path, names).torque(*motion)
    whole = RigidBodyPrior(path, names, armature=armature).torque(*motion)
    np.testing.assert_allclose(whole - bare, np.array(armature) * motion[2], rtol=1e-9, atol=1e-12)


def with_payload(mass: float, center: tuple[float, ...]) -> str:
    """Return a tool behind the second link with a payload without extent in it."""
    shape = ''.join(f'i{axes}="0" ' for axes in ('xx', 'yy', 'zz', 'xy', 'xz', 'yz'))
    at = ' '.join(repr(float(value)) for value in center)
    return f"""
<link name="tool"/><joint name="mount" type="fixed"><parent link="link2"/><child link="tool"/>
<origin xyz="0.02 0.05 0.3" rpy="0.4 -0.3 0.8"/></joint>
<link name="payload"><inertial><origin xyz="{at}"/><mass value="{mass}"/>
<inertia {shape}/></inertial></link>
<joint name="grip" type="fixed"><parent link="tool"/><child link="payload"/></joint>"""


@pytest.mark.parametrize('names', [('joint1', 'joint2'), ('joint2', 'joint1')])
def test_the_torque_of_a_payload_is_that_of_a_urdf_with_it(
    tmp_path: Path, names: tuple[str, str], motion: tuple[np.ndarray, ...]
) -> None:
    mass, tiny = 1.3, 1e-7  # so near the origin that its own extent does not count
    center = (tiny, -2 * tiny, 3 * tiny)
    bare = RigidBodyPrior(urdf(tmp_path / 'a', extra=with_payload(0.0, center)), names)
    loaded = RigidBodyPrior(urdf(tmp_path / 'b', extra=with_payload(mass, center)), names)
    parameters = mass * np.array([1.0, *center])
    for k in range(10):
        row = tuple(part[k] for part in motion)
        expected = loaded.torque(*row) - bare.torque(*row)
        got = bare.payload_torque(*row) @ parameters
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-10)


def test_the_moments_of_a_payload_are_the_slopes_of_its_torque(
    tmp_path: Path, motion: tuple[np.ndarray, ...]
) -> None:
    names, step = ('joint1', 'joint2'), 1e-4
    bare = RigidBodyPrior(urdf(tmp_path / 'a', extra=with_payload(0.0, (0, 0, 0))), names)
    row = tuple(part[3] for part in motion)
    for axis in range(3):
        ahead, back = (
            RigidBodyPrior(
                urdf(tmp_path / f'{s}', extra=with_payload(1.0, tuple(s * np.eye(3)[axis]))), names
            ).torque(*row)
            for s in (step, -step)
        )
        slope = (ahead - back) / (2 * step)
        np.testing.assert_allclose(bare.payload_torque(*row)[:, 1 + axis], slope, rtol=1e-7)


def test_a_payload_sits_on_the_last_link_unless_told(tmp_path: Path) -> None:
    path = urdf(tmp_path / 'arm.urdf', extra=with_payload(0.0, (0, 0, 0)))
    assert RigidBodyPrior(path, ('joint1', 'joint2')).payload_link == 'payload'
    prior = RigidBodyPrior(path, ('joint1', 'joint2'), payload_link='link2')
    assert prior.payload_link == 'link2'


@pytest.mark.parametrize('link', ['base', 'hand'])
def test_a_payload_on_a_link_that_does_not_move_is_refused(tmp_path: Path, link: str) -> None:
    with pytest.raises(ConfigError, match=rf"must be one of \['link1', 'link2'\], got '{link}'"):
        RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1', 'joint2'), payload_link=link)


def test_a_payload_takes_one_row(tmp_path: Path, motion: tuple[np.ndarray, ...]) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1', 'joint2'))
    with pytest.raises(ShapeError, match=r'position must have shape \(2,\), got \(40, 2\)'):
        prior.payload_torque(*motion)


def test_the_tool_moves_as_its_jacobian_says() -> None:
    robot = load_robot('arm')
    prior, nominal = RigidBodyPrior(nominal_urdf(robot), robot.joint_names), NominalModel(robot)
    pose = np.array([0.1, -0.3, 0.2, -1.7, 0.3, 1.9, 0.4])
    rows = pose + 1e-6 * np.vstack([np.eye(7), -np.eye(7)])
    path = nominal.tool_path(rows)
    slopes = (path[:7] - path[7:]).T / 2e-6
    np.testing.assert_allclose(prior.tool_jacobian(pose), slopes, atol=1e-8)


def rubbing() -> Friction:
    """Return friction of two joints, different in the two directions."""
    return Friction(
        coulomb=np.array([0.4, 0.2]),
        viscous=np.array([0.3, 0.1]),
        viscous_back=np.array([0.5, 0.1]),
        offset=np.array([0.05, -0.1]),
        smoothing=np.array([0.02, 0.05]),
    )


def test_gravity_is_the_torque_at_rest(tmp_path: Path, motion: tuple[np.ndarray, ...]) -> None:
    position, rest = motion[0], np.zeros((40, 2))
    for kind in ('revolute', 'continuous'):
        for names in (('joint1', 'joint2'), ('joint2', 'joint1')):
            order = slice(None, None, 1 if names[0] == 'joint1' else -1)
            prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf', kind), names, friction=rubbing())
            expected = textbook(position[:, order], rest, rest)[:, order]
            np.testing.assert_allclose(prior.gravity(position), expected, rtol=1e-9, atol=1e-9)
            one = prior.gravity(position[3])
            np.testing.assert_allclose(one, expected[3], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize('names', [('joint1', 'joint2'), ('joint2', 'joint1')])
def test_the_regressor_times_the_parameters_is_the_torque(
    tmp_path: Path, names: tuple[str, str], motion: tuple[np.ndarray, ...]
) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf', 'continuous'), names)
    order = slice(None, None, 1 if names[0] == 'joint1' else -1)
    expected = textbook(*(part[:, order] for part in motion))[:, order]
    got = prior.regressor(*motion) @ prior.parameters.ravel()
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


def test_the_parameters_are_those_of_the_urdf_about_the_joint(tmp_path: Path) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint2', 'joint1'))
    second, first = prior.parameters
    about = I1 + M1 * R1**2  # parallel axes
    np.testing.assert_allclose(first, [M1, 0, 0, M1 * R1, about, 0, about, 0, 0, 0.001])
    assert second[0] == M2


@pytest.mark.parametrize('names', [('joint1', 'joint2'), ('joint2', 'joint1')])
def test_other_parameters_make_another_robot(
    tmp_path: Path, names: tuple[str, str], motion: tuple[np.ndarray, ...]
) -> None:
    path = urdf(tmp_path / 'arm.urdf')
    nominal = RigidBodyPrior(path, names)
    heavy = RigidBodyPrior(path, names, parameters=2.0 * nominal.parameters)
    row = tuple(part[0] for part in motion)
    np.testing.assert_allclose(heavy.torque(*row), 2.0 * nominal.torque(*row), rtol=1e-9)
    np.testing.assert_allclose(heavy.nominal, nominal.parameters)


@pytest.mark.parametrize('names', [('joint1', 'joint2'), ('joint2', 'joint1')])
def test_friction_counts_only_where_it_is_given(
    tmp_path: Path, names: tuple[str, str], motion: tuple[np.ndarray, ...]
) -> None:
    path = urdf(tmp_path / 'arm.urdf', 'continuous')
    bare = RigidBodyPrior(path, names).torque(*motion)
    rough = RigidBodyPrior(path, names, friction=rubbing())
    speed = motion[1]
    viscous = np.where(speed > 0, [0.3, 0.1], [0.5, 0.1])
    more = [0.4, 0.2] * np.tanh(speed / [0.02, 0.05]) + viscous * speed + [0.05, -0.1]
    np.testing.assert_allclose(rough.torque(*motion), bare + more, rtol=1e-9, atol=1e-9)


def test_an_identified_prior_comes_back_from_its_description(
    tmp_path: Path, motion: tuple[np.ndarray, ...]
) -> None:
    path, names = urdf(tmp_path / 'arm.urdf'), ('joint2', 'joint1')
    parameters = 1.1 * RigidBodyPrior(path, names).parameters
    prior = RigidBodyPrior(
        path, names, armature=(0.1, 0.2), parameters=parameters, friction=rubbing()
    )
    description = prior.description()
    assert all(isinstance(value, str) for value in description.values())
    again = RigidBodyPrior.from_description(description, names)
    np.testing.assert_array_equal(again.torque(*motion), prior.torque(*motion))
    assert again.description() == {**description, 'source': 'arm'}


def test_a_copy_for_another_process_is_the_same_robot(
    tmp_path: Path, motion: tuple[np.ndarray, ...]
) -> None:
    names = ('joint2', 'joint1')
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), names, friction=rubbing())
    copy = pickle.loads(pickle.dumps(prior))
    np.testing.assert_array_equal(copy.torque(*motion), prior.torque(*motion))
    assert copy.description() == prior.description()


def test_a_description_without_identification_says_nothing_of_it(tmp_path: Path) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1', 'joint2'))
    assert set(prior.description()) == {'source', 'sha256', 'armature', 'payload_link', 'urdf'}


def test_a_card_with_too_few_parameters_is_refused(tmp_path: Path) -> None:
    prior = RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1', 'joint2'))
    with pytest.raises(ConfigError, match='parameters must be'):
        RigidBodyPrior.from_description(
            prior.description() | {'parameters': '1.0 2.0 3.0'}, ('joint1', 'joint2')
        )


def test_friction_of_other_joints_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match='got 2 joints'):
        RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('joint1',), friction=rubbing())


def test_joints_that_do_not_match_are_listed_on_both_sides(tmp_path: Path) -> None:
    with pytest.raises(JointNamesError) as refused:
        RigidBodyPrior(urdf(tmp_path / 'arm.urdf'), ('fer_joint1', 'fer_joint2'))
    said = str(refused.value)
    assert "Expected ['fer_joint1', 'fer_joint2'], got ['joint1', 'joint2']" in said
    assert 'Use joint_prefix or joint_map to rename' in said
