# SPDX-License-Identifier: Apache-2.0
"""Tests of the model file: what is in it, and what is refused."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
import json
from pathlib import Path
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, ExportError, JointNamesError, ModelFileError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.columns import columns
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.export.onnx_graph import to_onnx
from lstm_dynamics_ros.learning.export.settings import ExportSettings
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.members import Member
from lstm_dynamics_ros.learning.training.checkpoint import Checkpoint
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior
from lstm_dynamics_ros.runtime.model_file import load_model
from lstm_dynamics_ros.runtime.onnx_step import OnnxStep
import numpy as np
import onnx
import pytest
import torch

Trained = Callable[[str, str], Checkpoint]


@pytest.mark.parametrize('kind', ['forward', 'inverse'])
@pytest.mark.parametrize('cell', ['lstm', 'gru'])
def test_every_kind_and_cell_is_exported_and_loads(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path, kind: str, cell: str
) -> None:
    card = export([Member(checkpoints(kind, cell), runs[4:])], tmp_path / 'model.onnx')
    loaded = load_model(tmp_path / 'model.onnx')
    assert loaded.card == card
    assert (card.model_kind, card.cell) == (kind, cell)
    proof = card.provenance['proof']
    assert proof['steps'] == 500
    assert proof['teacher_forced'] <= 1e-5
    assert proof['free_run'] <= 1e-5
    assert [path.name for path in tmp_path.iterdir()] == ['model.onnx']


def test_the_file_predicts_what_the_trained_model_predicts(
    checkpoints: Trained, runs: list[Segment], exported: Path
) -> None:
    made = checkpoints('forward', 'lstm')
    step = OnnxStep(load_model(exported))
    rows = columns(runs[5], made.settings).observations
    model = made.model()
    with torch.no_grad():
        expected, _ = model.sequence(rows.unsqueeze(1), model.zero_state(1))
    size = np.ptp(expected.numpy(), axis=(0, 1))
    for row, wanted in zip(rows.numpy(), expected.numpy(), strict=True):
        step.obs[:] = row
        assert (np.abs(step.step() - wanted) <= 1e-5 * size).all()


def test_the_card_says_what_the_model_is(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path
) -> None:
    extra = ExportSettings(
        name='two pendulums', effort_limits=(5.0, 6.0), driver_compensates=('gravity',)
    )
    card = export(
        [Member(checkpoints('forward', 'lstm'), runs[4:])],
        tmp_path / 'model.onnx',
        settings=extra,
        sources={'bag': 'ab' * 32},
    )
    assert card.name == 'two pendulums'
    assert card.effort_limits == (5.0, 6.0)
    assert card.driver_compensates == ('gravity',)
    assert [signal.name for signal in card.features] == [
        f'{kind}.joint{i}' for kind in ('position', 'velocity', 'effort') for i in (1, 2)
    ]
    assert {signal.delay for signal in card.targets} == {-1}
    assert 0 < card.washout_steps < 200
    assert card.golden.steps == 48
    assert set(card.training_ranges) == {signal.name for signal in card.features}
    rows = np.vstack([run.velocity for run in runs[:4]])
    speed = card.training_ranges['velocity.joint2']
    assert speed.maximum == pytest.approx(rows[:, 1].max(), rel=1e-6)
    assert speed.std == pytest.approx(rows[:, 1].std(), rel=1e-4)
    provenance = card.provenance
    assert provenance['sources'] == {'bag': 'ab' * 32}
    assert provenance['data']['train'] == ['run0', 'run1', 'run2', 'run3']
    assert len(provenance['data']['sha256']) == 64
    assert (
        provenance['versions']['torch'] == torch.__version__.split('+')[0]
        or provenance['versions']['torch']
    )
    assert provenance['licence'] == 'Apache-2.0'
    assert provenance['created'].endswith('+00:00')


def test_flat_properties_are_there_for_other_tools(exported: Path) -> None:
    graph = onnx.load(exported)
    flat = {item.key: item.value for item in graph.metadata_props}
    assert flat['joint_names'] == 'joint1,joint2'
    assert float(flat['dt']) == 0.005
    assert json.loads(flat['metadata'])['contract_version'] == 1


def test_a_short_burn_in_is_noted(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path
) -> None:
    made = checkpoints('forward', 'lstm')
    short = replace(made, settings=replace(made.settings, burn_in_steps=1))
    card = export([Member(short, runs[4:])], tmp_path / 'model.onnx')
    assert f'measured washout of {card.washout_steps}' in card.provenance['warnings'][0]


def test_a_model_that_never_forgets_leaves_no_file(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path
) -> None:
    made = checkpoints('inverse', 'lstm')
    weights = {name: part.clone() for name, part in made.weights.items()}
    weights['cell.layers.bias_ih_l0'][16:32] = 30.0  # the forget gate stays open
    weights['output.weight'].fill_(1.0)
    with pytest.raises(ExportError, match='does not forget'):
        export([Member(replace(made, weights=weights), runs[4:])], tmp_path / 'model.onnx')
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_keeps_the_file_that_was_there(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'model.onnx'
    path.write_bytes(b'old')

    def fail(*_: Any) -> None:  # noqa: ANN401
        raise ExportError('no')

    monkeypatch.setattr('lstm_dynamics_ros.learning.export.export.prove', fail)
    with pytest.raises(ExportError):
        export([Member(checkpoints('inverse', 'gru'), runs[4:])], path)
    assert path.read_bytes() == b'old'
    assert [item.name for item in tmp_path.iterdir()] == ['model.onnx']


def test_a_graph_with_a_swapped_gate_fails_its_golden_sequence(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def swapped(step: Any) -> onnx.ModelProto:  # noqa: ANN401
        return to_onnx(replace_gates(step))

    monkeypatch.setattr('lstm_dynamics_ros.learning.export.export.to_onnx', swapped)
    with pytest.raises(ModelFileError, match='recorded run is not reproduced'):
        export([Member(checkpoints('forward', 'lstm'), runs[4:])], tmp_path / 'model.onnx')


def replace_gates(step: Any) -> Any:  # noqa: ANN401
    """Return the step with two of the cell's gates in the wrong order."""
    broken = deepcopy(step)
    with torch.no_grad():
        for parameter in broken.model.cell.parameters():
            n = len(parameter) // 4
            parameter.copy_(torch.cat([parameter[n : 2 * n], parameter[:n], parameter[2 * n :]]))
    return broken


def test_limits_for_another_number_of_joints_are_refused(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path
) -> None:
    extra = ExportSettings(effort_limits=(1.0,))
    with pytest.raises(ConfigError, match=r'must have 2 values, one per joint, got 1'):
        export(
            [Member(checkpoints('inverse', 'gru'), runs[4:])], tmp_path / 'm.onnx', settings=extra
        )


def test_data_of_another_robot_is_refused(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path
) -> None:
    other = [replace(run, joint_names=('a', 'b')) for run in runs[4:]]
    with pytest.raises(JointNamesError):
        export([Member(checkpoints('inverse', 'gru'), other)], tmp_path / 'm.onnx')


def test_a_short_validation_run_is_enough(
    checkpoints: Trained, runs: list[Segment], tmp_path: Path
) -> None:
    made = checkpoints('forward', 'lstm')
    export([Member(made, [runs[4].rows(0, 320)])], tmp_path / 'model.onnx')
    assert load_model(tmp_path / 'model.onnx').card.provenance['conformal_blocks'] == 1


PENDULUMS = """<robot name="two"><link name="base"/>{}</robot>"""
PENDULUM = """<link name="link{k}"><inertial><origin xyz="0 0 -0.6116"/><mass value="1"/>
<inertia ixx="0.626" iyy="0.626" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="joint{k}" type="continuous"><parent link="base"/><child link="link{k}"/>
<origin xyz="0 {k} 0"/><axis xyz="0 1 0"/></joint>"""


def test_a_residual_model_learns_what_the_rigid_body_leaves_over(
    runs: list[Segment], small: dict[str, Any], tmp_path: Path
) -> None:
    pytest.importorskip('pinocchio', reason='the rigid-body prior is pinocchio')
    # Unit inertia about the joint and m g l = 6: the simulated pendulums without friction.
    urdf = tmp_path / 'two.urdf'
    urdf.write_text(PENDULUMS.format(''.join(PENDULUM.format(k=k) for k in (1, 2))))
    prior = RigidBodyPrior(urdf, ('joint1', 'joint2'))
    settings = training_settings(
        small | {'model_kind': 'residual_inverse'}, leave_out_foreign=True
    )
    made = train(runs[:4], runs[4:], settings, folder=tmp_path / 'training', prior=prior)
    card = export([Member(made, runs[4:])], tmp_path / 'model.onnx', prior=prior)
    assert card.physics_prior == prior.description()
    again = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    assert again.sha256 == prior.sha256
    assert 'filtfilt' in card.provenance['acceleration']
    # What is left is friction, at most 0.6 |dq| + 0.8, so its error is far below the torque.
    torque = np.vstack([run.effort for run in runs[4:]]).std(0)
    left = np.array(card.errors['0']['effort']['model'])
    assert (left < 0.3 * torque).all(), left / torque
    other = replace(made, prior={'source': 'x', 'sha256': '0'})
    with pytest.raises(ExportError, match='was trained with the rigid-body prior'):
        export([Member(other, runs[4:])], tmp_path / 'b.onnx', prior=prior)
