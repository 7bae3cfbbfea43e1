# SPDX-License-Identifier: Apache-2.0
"""Tests for learning/export/feedback_gain.py, with models whose gain is known."""

from collections.abc import Callable
from typing import Any

from lstm_dynamics_ros.core.state import Matrix
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.derived_segments import motion_segment
from lstm_dynamics_ros.learning.export.feedback_gain import measure_feedback_gain
from lstm_dynamics_ros.learning.families.control import ControlSettings
import numpy as np
import pytest
import torch

SETTINGS = ControlSettings(
    model_kind='residual_inverse',
    features=('position', 'velocity', 'acceleration', 'disturbance'),
)
STIFFNESS = np.array([5.0, 2.0])


class Springs:
    """``tau = k q``: a position that is off by x looks like a torque of k x."""

    def torque(self, position: Matrix, velocity: Matrix, acceleration: Matrix) -> Matrix:  # noqa: ARG002
        """See RigidBodyPrior."""
        return STIFFNESS * position


class Follows:
    """A model that says ``gain`` times the disturbance of the same joint."""

    n_joints = 2

    def __init__(self, gain: float) -> None:
        self._gain = gain

    def zero_state(self, batch: int) -> None:
        """See DynamicsModel."""

    def sequence(self, batch: torch.Tensor, state: None) -> tuple[torch.Tensor, None]:  # noqa: ARG002
        """See DynamicsModel."""
        return self._gain * batch[..., -2:], None


@pytest.fixture
def segments(make_segment: Callable[..., Segment]) -> list[Segment]:
    t = 0.005 * np.arange(800)[:, None]
    phase = t + np.array([0.0, 1.0])
    q, dq = np.sin(phase), np.cos(phase)
    whole = make_segment(np.hstack([q, dq, STIFFNESS * q]))
    return [motion_segment(whole, SETTINGS, Springs(), 0)]  # type: ignore[arg-type]


def measured(model: Any, segments: list[Segment], prior: Any) -> tuple[float, ...]:  # noqa: ANN401
    return measure_feedback_gain(model, segments, SETTINGS, prior)


def test_the_gain_is_that_of_model_and_rigid_body_together(segments: list[Segment]) -> None:
    assert measured(Follows(1.0), segments, Springs()) == pytest.approx(STIFFNESS, rel=1e-2)
    assert measured(Follows(0.3), segments, Springs()) == pytest.approx(0.3 * STIFFNESS, rel=1e-2)


def test_a_model_that_ignores_what_was_measured_has_none(segments: list[Segment]) -> None:
    assert measured(Follows(0.0), segments, Springs()) == (0.0, 0.0)


def test_without_a_rigid_body_a_constant_offset_is_not_felt(segments: list[Segment]) -> None:
    assert measured(Follows(1.0), segments, None) == pytest.approx((0.0, 0.0), abs=1e-3)
