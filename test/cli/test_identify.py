# SPDX-License-Identifier: Apache-2.0
"""`lstm-dynamics identify`, and training on what it found."""

from dataclasses import replace
import json
from pathlib import Path

from lstm_dynamics_ros.cli.main import run
from lstm_dynamics_ros.data.bags.reader import read_recording
from lstm_dynamics_ros.data.bags.writer import write_bag
from lstm_dynamics_ros.learning.identification.file import read_identified
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.runtime.model_file import load_model
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the identified robot is pinocchio')
SMALL = (
    '--model-kind residual_inverse --hidden-size 4 --history-steps 4 --burn-in-steps '
    '20 --window-steps 20 --max-epochs 1 --updates-per-epoch 3 --ripple-limit 0 '
    '--threads 1'
)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Simulate the pendulum, with the names its messages could have."""
    made = tmp_path_factory.mktemp('identify')
    simulated = ['simulate', '--robot', 'pendulum', '--runs', '1', '--duration', '16']
    assert run([*simulated, '--out', str(made / 'plain')]) == 0
    (bag,) = (made / 'plain').iterdir()
    recording = read_recording(bag)
    names = tuple(f'left_{name}' for name in recording.joint_names)
    write_bag(
        replace(recording, joint_names=names, reference=None, command=None), made / 'renamed'
    )
    return made


def identified(folder: Path, *more: str) -> tuple[int, dict[str, object]]:
    out = folder / 'out'
    code = run(
        [
            'identify',
            str(folder / 'renamed'),
            '--robot',
            'pendulum',
            '--joint-prefix',
            'left_',
            '--folds',
            '3',
            '--strength',
            '1',
            '--share',
            '0.1',
            '--out',
            str(out / 'robot.yaml'),
            '--json',
            str(out / 'robot.json'),
            '--report',
            str(out / 'page.html'),
            *more,
        ]
    )
    return code, json.loads((out / 'robot.json').read_text())


def test_it_prints_and_writes_what_it_found(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, values = identified(folder)
    assert code == 0
    output = capsys.readouterr().out
    assert 'base parameters of links and rotors' in output
    assert 'identified + friction' in output
    found = values['identified']
    assert isinstance(found, dict)
    assert found['joint_names'] == ['joint1', 'joint2']
    better, worse = (found['held_out_rmse'][m] for m in ('identified + friction', 'nominal'))
    assert all(better[name] < worse[name] for name in ('joint1', 'joint2'))
    assert '</html>' in (folder / 'out' / 'page.html').read_text()
    assert read_identified(folder / 'out' / 'robot.yaml').joint_names == ('joint1', 'joint2')


def test_joints_the_urdf_does_not_have_are_listed_on_both_sides(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(['identify', str(folder / 'renamed'), '--robot', 'pendulum']) == 2
    output = capsys.readouterr().err
    assert "Expected ['left_joint1', 'left_joint2'], got ['joint1', 'joint2']" in output


def test_without_bags_it_asks_for_some(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(['identify', '--robot', 'pendulum']) == 2
    assert 'There is no recording. Give bags' in capsys.readouterr().err


def test_a_motor_current_is_warned_of_with_its_factor(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bag,) = (folder / 'plain').iterdir()
    recording = read_recording(bag)
    write_bag(replace(recording, effort=recording.effort / 50.0), tmp_path / 'current')
    out = ['--out', str(tmp_path / 'x.yaml'), '--strength', '1', '--share', '0.1']
    assert run(['identify', str(tmp_path / 'current'), '--robot', 'pendulum', *out]) == 0
    output = capsys.readouterr().out
    assert '[effort_is_no_torque]' in output
    assert 'Fitted gear/current factor' in output


@pytest.mark.slow
@pytest.mark.parametrize('friction', [False, True])
def test_a_residual_model_is_trained_on_an_identified_robot(folder: Path, friction: bool) -> None:
    identified(folder)
    robot, model = folder / 'out' / 'robot.yaml', folder / f'model_{friction}.onnx'
    code = run(
        [
            'train',
            str(folder / 'renamed'),
            '--joint-prefix',
            'left_',
            '--identified',
            str(robot),
            '--out',
            str(model),
            '--folder',
            str(folder / f'run_{friction}'),
            '--dt',
            '0.02',
            *SMALL.split(),
            *(['--prior-friction'] if friction else []),
        ]
    )
    assert code == 0
    card = load_model(model).card
    assert card.physics_prior is not None
    again = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    expected = read_identified(robot, friction=friction)
    motion = np.random.default_rng(0).uniform(-1, 1, (3, 10, 2))
    np.testing.assert_allclose(again.torque(*motion), expected.torque(*motion), rtol=1e-12)


@pytest.mark.slow
def test_training_may_identify_from_what_it_learns_from(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lstm_dynamics_ros.sim.robot import load_robot  # noqa: PLC0415
    from lstm_dynamics_ros.sim.urdf import nominal_urdf  # noqa: PLC0415

    urdf, model = folder / 'pendulum.urdf', folder / 'identified.onnx'
    urdf.write_text(nominal_urdf(load_robot('pendulum')))
    code = run(
        [
            'train',
            str(folder / 'plain'),
            '--urdf',
            str(urdf),
            '--identify',
            '--out',
            str(model),
            '--folder',
            str(folder / 'run_identify'),
            '--dt',
            '0.02',
            *SMALL.split(),
        ]
    )
    assert code == 0
    assert 'identified + friction' in capsys.readouterr().out
    prior = load_model(model).card.physics_prior
    assert prior is not None
    assert 'parameters' in prior
    assert 'friction' not in prior
