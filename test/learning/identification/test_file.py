# SPDX-License-Identifier: Apache-2.0
"""Files of identified robots."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.learning.identification.file import read_identified, write_identified
from lstm_dynamics_ros.learning.identification.identify import identify
from lstm_dynamics_ros.learning.identification.result import Identification
from lstm_dynamics_ros.learning.identification.settings import IdentifySettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
import numpy as np
import pytest
import yaml

pytest.importorskip('pinocchio', reason='the regressor is pinocchio')
Make = Callable[..., Any]
NAMES = ('joint1', 'joint2')


@pytest.fixture
def found(planar: Make, recorded: Make) -> Identification:
    def torque(q: np.ndarray, v: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.asarray(planar(mass=(2.5, 1.0)).torque(q, v, a) + 0.3 * np.tanh(v / 0.02))

    prior = RigidBodyPrior(planar().urdf(), NAMES)
    settings = IdentifySettings(strength=1.0, share=0.1, folds=2)
    return identify(prior, [recorded(torque, duration=8.0)], settings)


@pytest.fixture
def path(tmp_path: Path, found: Identification) -> Path:
    target = tmp_path / 'robots' / 'planar.yaml'
    write_identified(target, found, {'run': 'ab' * 32})
    return target


@pytest.mark.parametrize('friction', [False, True])
@pytest.mark.parametrize('order', [None, ('joint2', 'joint1')])
def test_the_robot_comes_back_with_the_same_torque(
    path: Path, found: Identification, friction: bool, order: tuple[str, ...] | None
) -> None:
    again = read_identified(path, friction=friction, joint_names=order)
    motion = np.random.default_rng(0).uniform(-1, 1, (3, 20, 2))
    expected = found.prior(friction=friction).torque(*motion)
    swap = slice(None, None, -1 if order else 1)
    np.testing.assert_allclose(again.torque(*motion[:, :, swap]), expected[:, swap], rtol=1e-12)
    assert again.source == found.nominal.source


def test_a_person_can_read_it(path: Path, planar: Make) -> None:
    values = yaml.safe_load(path.read_text())
    assert values['data'] == {'run': 'ab' * 32}
    assert values['robot']['sha256'] == sha256(planar().urdf().encode()).hexdigest()
    assert values['friction']['coulomb']['joint1'] == pytest.approx(0.3, abs=0.05)
    assert set(values['links']['joint2']) == {
        'm',
        'mx',
        'my',
        'mz',
        'Ixx',
        'Ixy',
        'Iyy',
        'Ixz',
        'Iyz',
        'Izz',
    }
    assert set(values['held_out_rmse']) == {
        'nominal',
        'nominal + friction',
        'identified',
        'identified + friction',
    }


def test_other_joints_are_refused_with_both_lists(path: Path) -> None:
    with pytest.raises(JointNamesError, match=r"Expected \['a', 'b'\], got \['joint1', 'joint2'"):
        read_identified(path, joint_names=('a', 'b'))


def test_a_changed_urdf_is_refused(path: Path) -> None:
    path.write_text(path.read_text().replace('name="planar"', 'name="other"'))
    with pytest.raises(DataError, match='its URDF is not the one it names'):
        read_identified(path)


def test_a_missing_part_is_named(path: Path) -> None:
    path.write_text(path.read_text().replace('coulomb:', 'coulumb:'))
    with pytest.raises(DataError, match="'coulomb'"):
        read_identified(path)


@pytest.mark.parametrize('text', ['a: 1', '- 1', '{'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / 'a.yaml').write_text(text)
    with pytest.raises(DataError, match=r'a\.yaml'):
        read_identified(tmp_path / 'a.yaml')


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match='Cannot read'):
        read_identified(tmp_path / 'none.yaml')
