# SPDX-License-Identifier: Apache-2.0
"""A model that sees the effort of a rigid body for its motion, from training to the node."""

from collections.abc import Sequence
from typing import Any

from lstm_dynamics_ros.core.errors import ConfigError, TrainingError
from lstm_dynamics_ros.core.state import RawSample
from lstm_dynamics_ros.data.recording import Recording
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.evaluation.robustness import measure_robustness
from lstm_dynamics_ros.evaluation.scores.inverse import predict_effort
from lstm_dynamics_ros.learning.columns import columns, usable
from lstm_dynamics_ros.learning.export.export import export
from lstm_dynamics_ros.learning.families import training_settings
from lstm_dynamics_ros.learning.members import Member
from lstm_dynamics_ros.learning.settings import TrainingSettings
from lstm_dynamics_ros.learning.training.epochs import train
from lstm_dynamics_ros.pipeline.pipeline import Pipeline
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
import pytest

pytest.importorskip('pinocchio', reason='the rigid-body prior is pinocchio')
from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior

LINK = """<link name="link{k}"><inertial><origin xyz="0 0 -0.6116"/><mass value="1"/>
<inertia ixx="0.626" iyy="0.626" izz="0.001" ixy="0" ixz="0" iyz="0"/></inertial></link>
<joint name="joint{k}" type="continuous"><parent link="base"/><child link="link{k}"/>
<origin xyz="0 {k} 0"/><axis xyz="0 1 0"/></joint>"""
"""Unit inertia about the joint and m g l = 6: the simulated pendulums without friction."""


@pytest.fixture(scope='module')
def prior() -> RigidBodyPrior:
    links = ''.join(LINK.format(k=k) for k in (1, 2))
    return RigidBodyPrior(
        f'<robot name="two"><link name="base"/>{links}</robot>', ('joint1', 'joint2')
    )


@pytest.fixture(scope='module')
def settings(small: dict[str, Any]) -> TrainingSettings:
    features = ('position', 'velocity', 'prior_effort')
    return training_settings(
        small | {'model_kind': 'inverse', 'features': features, 'prior_window': 5},
        leave_out_foreign=True,
    )


def samples(run: Segment) -> Sequence[RawSample]:
    return [
        RawSample(5_000_000 * k, run.joint_names, q, v, e)
        for k, (q, v, e) in enumerate(
            zip(run.position, run.velocity, run.effort, strict=True), start=1
        )
    ]


def test_the_feature_is_what_the_rigid_body_says_of_the_motion_a_moment_ago(
    runs: list[Segment], settings: TrainingSettings, prior: RigidBodyPrior
) -> None:
    (made,) = usable(runs[:1], settings, prior)
    found = columns(made, settings).observations[:, 4:].numpy()
    slope = np.gradient(runs[0].velocity, 0.005, axis=0)
    late = (slope + 6 * np.sin(runs[0].position))[17:-3]
    np.testing.assert_allclose(found[20:], late, atol=2.5)
    assert np.corrcoef(found[20:, 0], late[:, 0])[0, 1] > 0.97


@pytest.fixture(scope='module')
def loaded(
    runs: list[Segment],
    settings: TrainingSettings,
    prior: RigidBodyPrior,
    tmp_path_factory: pytest.TempPathFactory,
) -> LoadedModel:
    """Such a model, as a file."""
    folder = tmp_path_factory.mktemp('prior')
    made = train(runs[:4], runs[4:], settings, folder=folder / 'training', prior=prior)
    export([Member(made, runs[4:])], folder / 'model.onnx', prior=prior)
    return load_model(folder / 'model.onnx')


def test_the_node_sees_what_the_model_was_trained_on(
    runs: list[Segment], prior: RigidBodyPrior, loaded: LoadedModel
) -> None:
    card = loaded.card
    assert (card.prior_window, card.prior_delay) == (5, 3)
    assert card.physics_prior == prior.description()
    offline = predict_effort(loaded, runs[5])
    pipeline = Pipeline(loaded, prior=prior)
    ticks = [pipeline.tick([sample]) for sample in samples(runs[5].rows(0, 400))]
    found = np.array([t.predicted.effort for t in ticks if t is not None and t.predicted])
    assert len(found) > 390
    np.testing.assert_allclose(found, offline[: len(found)], atol=1e-4)


def test_its_robustness_starts_from_its_error_without_disturbance(
    runs: list[Segment], loaded: LoadedModel
) -> None:
    run = runs[5]
    recording = Recording(
        name=run.name,
        joint_names=run.joint_names,
        joint_types=run.joint_types,
        stamp_ns=5_000_000 * np.arange(1, len(run) + 1, dtype=np.int64),
        position=run.position,
        velocity=run.velocity,
        effort=run.effort,
    )
    found = measure_robustness(loaded, [recording])
    error = predict_effort(loaded, run) - run.effort
    warm = error[loaded.card.washout_steps + 20 :]
    still = found.curve('noise').levels[0].figures['effort']
    np.testing.assert_allclose(still.rmse, np.sqrt(np.mean(warm**2, axis=0)), rtol=0.1)
    assert found.curve('noise').levels[-1].figures['effort'].ratio > 1.0


@pytest.mark.parametrize(
    'wrong',
    [{'model_kind': 'forward'}, {'features': ('position', 'acceleration', 'prior_effort')}],
)
def test_it_goes_with_inverse_models_of_the_measured_motion_only(
    small: dict[str, Any], wrong: dict[str, Any]
) -> None:
    given = {'model_kind': 'inverse', 'features': ('position', 'velocity', 'prior_effort')}
    with pytest.raises(ConfigError, match='prior_effort'):
        _ = training_settings(small | given | wrong, leave_out_foreign=True).signals


def test_without_a_prior_it_is_refused(runs: list[Segment], settings: TrainingSettings) -> None:
    with pytest.raises(TrainingError, match='needs a rigid-body prior'):
        usable(runs[:1], settings, None)
