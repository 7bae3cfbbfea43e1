# SPDX-License-Identifier: Apache-2.0
"""Tests for model_inputs.py."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.card import ModelCard
from lstm_dynamics_ros.core.errors import ConfigError
from lstm_dynamics_ros.core.state import JointState, Matrix, Reference, Vector
from lstm_dynamics_ros.pipeline.model_inputs import is_motion_model, MotionInput
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
import pytest

DT_NS = 5_000_000
LATENCY_NS = 2 * DT_NS
INERTIA = np.array([2.0, 0.5])


class Masses:
    """Two masses: the effort is inertia times acceleration."""

    def torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Vector:  # noqa: ARG002
        """See the protocol."""
        return INERTIA * acceleration


@pytest.fixture(scope='module')
def card(load: Callable[..., LoadedModel]) -> ModelCard:
    return load(kind='motion', disturbance_bandwidth=20.0).card


def state(k: int, effort: float = 0.0) -> JointState:
    """Return a steady motion of 1 and -2 rad/s."""
    velocity = np.array([1.0, -2.0])
    return JointState(k * DT_NS, 1e-9 * k * DT_NS * velocity, velocity, np.full(2, effort))


def test_it_asks_about_the_reference_one_latency_ahead(card: ModelCard) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    reference = Reference(
        LATENCY_NS, np.array([0.1, 0.2]), np.array([0.3, 0.4]), np.array([5.0, 6.0])
    )
    row = motion.observe(state(0), reference)
    np.testing.assert_allclose(row[:6], [0.1, 0.2, 0.3, 0.4, 5.0, 6.0])


def test_without_a_reference_the_robot_goes_on_as_it_does(card: ModelCard) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    row = motion.observe(state(3), None)
    np.testing.assert_allclose(row[:6], [0.025, -0.05, 1.0, -2.0, 0.0, 0.0], atol=1e-12)


def test_the_disturbance_is_what_the_rigid_body_does_not_explain(card: ModelCard) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    for k in range(200):
        row = motion.observe(state(k, effort=1.5), None)
    np.testing.assert_allclose(row[6:], [1.5, 1.5], atol=1e-6)
    assert motion.raw is not None
    np.testing.assert_allclose(motion.raw, 1.5, atol=1e-6)


def test_effort_that_is_not_finite_never_becomes_zero(card: ModelCard) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    for k in range(20):
        row = motion.observe(state(k, effort=float('nan')), None)
        assert np.isnan(row).all()
    for k in range(20, 60):
        row = motion.observe(state(k, effort=1.5), None)
    np.testing.assert_allclose(row[6:], 1.5, atol=1e-6)  # and leaves no trace


def test_the_residual_compares_what_was_predicted_for_the_time_of_the_disturbance(
    card: ModelCard,
) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    for k in range(20):
        motion.observe(state(k, effort=1.5), None)
        residual = motion.residual
        motion.remember(np.array([0.001 * k, 1.0]))
    # At step 19 the disturbance is that of step 18, which step 16 predicted.
    assert residual is not None
    np.testing.assert_allclose(residual, [1.5 - 0.016, 0.5], atol=1e-6)


def test_before_anything_was_predicted_there_is_no_residual(card: ModelCard) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    for k in range(5):
        motion.observe(state(k), None)
        assert motion.residual is None
    motion.remember(np.zeros(2))
    motion.reset()
    motion.observe(state(5), None)
    assert motion.residual is None


def test_the_rigid_body_effort_is_that_of_the_motion_asked_about(card: ModelCard) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    reference = Reference(LATENCY_NS, np.zeros(2), np.zeros(2), np.array([3.0, 4.0]))
    motion.observe(state(0), reference)
    effort = motion.rigid_body_effort()
    assert effort is not None
    np.testing.assert_allclose(effort, [6.0, 2.0])


class Loaded(Masses):
    """The same, with the weight and the inertia of a payload."""

    def payload_torque(self, position: Vector, velocity: Vector, acceleration: Vector) -> Matrix:  # noqa: ARG002
        """See the protocol."""
        return np.outer(9.81 + acceleration, [1.0, 2.0, 3.0, 4.0])


def test_a_model_that_asks_for_it_sees_the_effort_per_kilogram(
    make_model: Callable[..., Path], tmp_path: Path
) -> None:
    card = load_model(
        make_model(tmp_path / 'm.onnx', kind='weighing', disturbance_bandwidth=20.0)
    ).card
    motion = MotionInput(card, Loaded(), LATENCY_NS)
    reference = Reference(LATENCY_NS, np.zeros(2), np.zeros(2), np.array([1.0, -1.0]))
    for k in range(200):
        row = motion.observe(state(k), reference)
    efforts = np.array([10.81, 8.81])
    np.testing.assert_allclose(row[8:16], np.concatenate([efforts * f for f in (1, 2, 3, 4)]))
    np.testing.assert_allclose(row[16:], 9.81, rtol=1e-6)  # so far it did not accelerate
    with pytest.raises(ConfigError, match='effort per kilogram of payload'):
        MotionInput(card, Masses(), LATENCY_NS)


def test_frozen_the_disturbance_stands_still(card: ModelCard) -> None:
    motion = MotionInput(card, Masses(), LATENCY_NS)
    for k in range(50):
        motion.observe(state(k, effort=1.0), None)
    for k in range(50, 100):
        row = motion.observe(state(k, effort=9.0), None, frozen=True)
    np.testing.assert_allclose(row[6:], 1.0, atol=1e-6)


def test_a_prior_that_the_card_names_must_be_given(card: ModelCard) -> None:
    named = replace(card, physics_prior={'source': 'arm.urdf'})
    with pytest.raises(ConfigError, match=r'corrects the rigid-body model arm\.urdf'):
        MotionInput(named, None, LATENCY_NS)


@pytest.mark.parametrize(
    ('kind', 'expected'), [('motion', True), ('inverse', False), ('forward', False)]
)
def test_a_motion_model_is_known_by_its_features(
    load: Callable[..., LoadedModel], kind: str, expected: bool
) -> None:
    made = load(kind=kind).card
    assert is_motion_model(made) == expected
