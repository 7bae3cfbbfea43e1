# SPDX-License-Identifier: Apache-2.0
"""Tests for card_inputs.py."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lstm_dynamics_ros.core.errors import DataError, JointNamesError
from lstm_dynamics_ros.data.segment import Segment
from lstm_dynamics_ros.learning.families.control import ControlSettings
from lstm_dynamics_ros.learning.interpretation.card_inputs import (
    card_inputs,
    in_a_row,
    Run,
    settings_of,
    spread_out,
)
from lstm_dynamics_ros.runtime.model_file import load_model, LoadedModel
import numpy as np
import pytest

MODELS = Path(__file__).parents[3] / 'models'


def test_the_inputs_of_a_forward_model_are_the_recorded_ones(
    load: Callable[..., LoadedModel], runs: list[Segment]
) -> None:
    card = load().card
    (run,) = card_inputs(card, runs[:1])
    segment = runs[0]
    recorded = np.hstack([segment.position, segment.velocity, segment.effort])
    np.testing.assert_allclose(run.observations, recorded, rtol=1e-6)
    np.testing.assert_array_equal(run.velocity, segment.velocity)


def test_settings_make_the_signals_of_a_control_model() -> None:
    card = load_model(MODELS / 'arm_residual.onnx').card
    settings = settings_of(card)
    assert isinstance(settings, ControlSettings)
    assert settings.signals == tuple(s.kind for s in card.features[:: card.n_joints])
    assert (settings.motion_cutoff, settings.disturbance_bandwidth) == (12.0, 20.0)
    assert settings.least_latency == settings.largest_latency == card.latency_steps


def test_a_control_model_gets_its_prior_from_the_card() -> None:
    pytest.importorskip('pinocchio')
    card = load_model(MODELS / 'arm_residual.onnx').card
    at_rest = Segment(
        name='rest',
        joint_names=card.joint_names,
        joint_types=card.joint_types,
        dt=card.dt,
        start_index=0,
        position=np.zeros((200, 7)),
        velocity=np.zeros((200, 7)),
        effort=np.ones((200, 7)),
        filled=np.zeros(200, np.bool_),
    )
    (run,) = card_inputs(card, [at_rest])
    where = card.columns('disturbance')
    from lstm_dynamics_ros.physics.rigid_body import RigidBodyPrior  # noqa: PLC0415

    assert card.physics_prior is not None
    prior = RigidBodyPrior.from_description(card.physics_prior, card.joint_names)
    expected = 1.0 - prior.torque(*np.zeros((3, 7)))
    np.testing.assert_allclose(run.observations[-1, where], expected, rtol=1e-5)


def test_a_residual_model_without_prior_is_refused(
    load: Callable[..., LoadedModel], runs: list[Segment]
) -> None:
    card = load(kind='motion').card
    with pytest.raises(DataError, match='needs the rigid-body prior'):
        card_inputs(card, runs[:1])


def test_other_joints_are_refused_with_both_lists(
    load: Callable[..., LoadedModel], runs: list[Segment]
) -> None:
    card = load().card
    other = replace(runs[0], joint_names=('a', 'b'))
    with pytest.raises(
        JointNamesError, match=r"Expected \['joint1', 'joint2'\], got \['a', 'b'\]"
    ):
        card_inputs(card, [other])


def run(rows: int, first: float = 0.0) -> Run:
    numbers = first + np.arange(rows, dtype=float)[:, None]
    return Run(name='run', observations=numbers, velocity=numbers)


def test_stretches_are_spread_from_the_first_to_the_last_place() -> None:
    found = spread_out([run(10), run(3), run(20, 100.0)], 5, 4)
    assert found.observations.shape == (5, 4, 1)
    assert found.observations[0, 0, 0] == 0.0
    assert found.observations[-1, -1, 0] == 119.0
    assert 1 not in found.runs


def test_there_are_no_more_stretches_than_places() -> None:
    assert spread_out([run(6)], 5, 10).observations.shape == (5, 2, 1)


def test_too_short_recordings_say_how_long_they_must_be() -> None:
    with pytest.raises(DataError, match='has 4 rows, but 5 are needed'):
        spread_out([run(4)], 5, 1)


def test_blocks_follow_each_other_with_rows_before_them() -> None:
    found = in_a_row([run(14)], 4, 3, 10)
    assert found.starts == (0, 4)
    np.testing.assert_array_equal(found.observations[:, 1, 0], np.arange(4, 11))


def test_of_many_blocks_every_few_are_taken() -> None:
    assert in_a_row([run(100)], 10, 0, 4).starts == (0, 30, 60, 90)
