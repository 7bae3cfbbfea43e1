# SPDX-License-Identifier: Apache-2.0
"""Robot and recordings from flags."""

from collections.abc import Sequence
from pathlib import Path

from lstm_dynamics_ros.core.errors import ConfigError, JointNamesError, UnknownNameError
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.sim.robot import load_robot
from lstm_dynamics_ros.sim.urdf import nominal_urdf
from lstm_dynamics_ros.workflows.recordings import JointNaming, named_recordings
from lstm_dynamics_ros.workflows.rigid_body import (
    given_urdf,
    identified_rigid_body,
    NO_RIGID_BODY,
    rigid_body_of,
    RigidBodySource,
)
import numpy as np
import pytest


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """Return a bag of two joints that the robot calls otherwise."""
    rows = np.arange(20.0).reshape(10, 2)
    path = tmp_path / 'bag'
    names = ('fer_joint1', 'fer_joint2')
    stamps = np.arange(1, 11, dtype=np.int64) * 10_000_000
    write_bag(
        Recording(
            name='bag',
            joint_names=names,
            joint_types=('revolute', 'continuous'),
            stamp_ns=stamps,
            position=rows,
            velocity=rows,
            effort=rows,
        ),
        path,
    )
    return path


@pytest.mark.parametrize('names', [('', ''), ('a.urdf', 'arm')])
def test_a_robot_is_given_once(names: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match='either --urdf'):
        given_urdf(Path(names[0]) if names[0] else None, names[1])


def test_an_embedded_robot_is_a_urdf_too() -> None:
    urdf, source = given_urdf(None, 'arm')
    assert '<robot name="arm">' in str(urdf)
    assert source == 'embedded arm'


def test_names_types_and_order_are_those_of_the_model(bag: Path) -> None:
    naming = JointNaming(joints=('joint2', 'joint1'), prismatic=('joint1',), joint_prefix='fer_')
    (made,) = named_recordings([bag], naming)
    assert made.joint_names == ('joint2', 'joint1')
    assert made.joint_types == ('continuous', 'prismatic')
    np.testing.assert_array_equal(made.position[0], [1.0, 0.0])


def test_without_other_names_bags_are_read_as_they_are(bag: Path) -> None:
    (made,) = named_recordings([bag], JointNaming(joints=('fer_joint2',)))
    assert made.joint_names == ('fer_joint2',)


def test_a_joint_that_is_not_there_is_refused_with_both_lists(bag: Path) -> None:
    with pytest.raises(JointNamesError, match=r"got \['joint1', 'joint2'\]"):
        named_recordings([bag], JointNaming(joints=('joint3',), joint_prefix='fer_'))


@pytest.mark.parametrize(
    'naming',
    [
        JointNaming(continuous=('joint1',)),
        JointNaming(prismatic=('fer_joint1',), joint_prefix='fer_'),
    ],
)
def test_the_type_of_a_joint_that_is_not_there_is_refused(bag: Path, naming: JointNaming) -> None:
    with pytest.raises(UnknownNameError, match='Unknown joint'):
        named_recordings([bag], naming)


@pytest.mark.parametrize(
    ('given', 'message'),
    [
        (RigidBodySource(identify=True), '--identify starts from a URDF'),
        (RigidBodySource(friction=True, urdf=Path('a.urdf')), 'identified robot only'),
        (
            RigidBodySource(urdf=Path('a.urdf'), identify=True),
            'The driver adds gravity by its own robot model',
        ),
        (
            RigidBodySource(urdf=Path('a.urdf'), identified=Path('a.yaml')),
            'either --urdf or --identified',
        ),
    ],
)
def test_flags_that_do_not_go_together_are_refused(given: RigidBodySource, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        rigid_body_of(('joint1',), given, compensated=('gravity',))


def test_without_a_robot_there_is_no_prior() -> None:
    assert rigid_body_of(('a',), NO_RIGID_BODY) is None


@pytest.mark.parametrize(('members', 'trajectories'), [(1, 3), (4, 4)])
def test_a_lone_member_identifies_from_what_it_learns_and_an_ensemble_from_all(
    members: int, trajectories: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip('pinocchio', reason='the prior is pinocchio')
    prior = RigidBodyPrior(nominal_urdf(load_robot('pendulum')), ('joint1', 'joint2'))
    rows = np.zeros((200, 2))
    gridded = [
        Segment(
            name=f'run{k}',
            joint_names=prior.joint_names,
            joint_types=('revolute',) * 2,
            dt=0.01,
            start_index=0,
            position=rows,
            velocity=rows,
            effort=rows,
            filled=np.zeros(200, bool),
        )
        for k in range(4)
    ]
    seen: list[str] = []

    class StopError(Exception):
        pass

    def identify(
        _: RigidBodyPrior, learned: Sequence[Segment], *__: object, **___: object
    ) -> None:
        seen.extend(segment.name for segment in learned)
        raise StopError

    monkeypatch.setattr('lstm_dynamics_ros.workflows.rigid_body.identified_prior', identify)
    settings = ForwardSettings(dt=0.01, members=members, validation_fraction=0.25)
    with pytest.raises(StopError):
        identified_rigid_body(prior, gridded, settings, friction=False)
    assert len(seen) == trajectories
