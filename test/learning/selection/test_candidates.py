# SPDX-License-Identifier: Apache-2.0
"""The short list."""

from collections.abc import Callable
from pathlib import Path

from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.forward import ForwardSettings
from lstm_dynamics_ros.learning.families.inverse import InverseSettings
from lstm_dynamics_ros.learning.selection.candidates import linear_base, linear_variants
from lstm_dynamics_ros.learning.selection.trials import Data
import numpy as np
import pytest


@pytest.fixture
def run(make_segment: Callable[..., Segment]) -> list[Segment]:
    """A joint with a usual velocity of 2 rad/s and a spread of 0.5 rad, beside one at rest."""
    wave = np.sin(np.linspace(0, 20 * np.pi, 4001))[:, None] * np.sqrt(2)
    still = np.zeros_like(wave)
    return [make_segment(np.hstack([0.5 * wave, still]), np.hstack([2 * wave, still]))]


def test_friction_is_scaled_by_the_usual_velocity_of_joints_that_move(run: list[Segment]) -> None:
    first, later = linear_variants(InverseSettings(), run, with_prior=False)
    speeds = {v.change.get('friction_velocities', ()) for v in first}
    assert speeds == {(), (1.0, 0.2, 0.04)}
    (slip,) = [v.change for group in later for v in group if v.title == 'slip']
    assert slip == {'slip_displacements': (0.0015, 0.0075, 0.037)}


def test_a_model_of_the_next_state_may_do_without_positions(run: list[Segment]) -> None:
    first, _ = linear_variants(ForwardSettings(), run, with_prior=False)
    assert [v.change['position_features'] for v in first] == ['value', 'sin_cos', 'none']


def test_what_is_given_by_hand_is_not_varied(run: list[Segment]) -> None:
    base = InverseSettings(position_features='sin_cos', history_steps=15)
    first, later = linear_variants(base, run, with_prior=False)
    varied = {name for group in [first, *later] for v in group for name in v.change}
    assert not varied & {'position_features', 'history_steps'}
    data = Data(folder=Path(), folds=4, washout_steps=40, window_steps=60, seed=0)
    assert linear_base(base, data).history_steps == 15
    assert linear_base(base, data).window_steps == 20


@pytest.mark.parametrize('with_prior', [False, True])
def test_a_rigid_body_is_a_candidate_where_there_is_one(
    run: list[Segment], *, with_prior: bool
) -> None:
    _, later = linear_variants(InverseSettings(), run, with_prior=with_prior)
    assert any(v.title == 'rigid body' for group in later for v in group) is with_prior


def test_a_robot_of_sliders_has_no_angles_to_see(make_segment: Callable[..., Segment]) -> None:
    wave = np.sin(np.linspace(0, 20, 100))[:, None]
    run = [make_segment(wave, wave, joint_types=('prismatic',))]
    first, _ = linear_variants(InverseSettings(), run, with_prior=False)
    assert {v.change['position_features'] for v in first} == {'value'}
