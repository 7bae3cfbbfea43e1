# SPDX-License-Identifier: Apache-2.0
"""Tests for probes.py, on data whose answer is known."""

from collections.abc import Callable

from lstm_dynamics_ros.learning.interpretation.card_inputs import Run
from lstm_dynamics_ros.learning.interpretation.probes import (
    cross_validated_r2,
    folds,
    label_names,
    labels,
    memoryless_inputs,
    probe,
    single_r2,
)
from lstm_dynamics_ros.runtime.model_file import LoadedModel
import numpy as np
import pytest

RANDOM = np.random.default_rng(0)
ROWS = 2000
FOLD = np.arange(ROWS) * 4 // ROWS
NOISE = RANDOM.normal(size=(ROWS, 6))
SIGNAL = NOISE[:, :2] @ np.array([1.0, -2.0])


def test_a_linear_label_is_read_whole() -> None:
    assert cross_validated_r2(NOISE, SIGNAL[:, None], FOLD)[0] == pytest.approx(1.0, abs=1e-3)


def test_noise_says_nothing() -> None:
    other = RANDOM.normal(size=(ROWS, 1))
    assert cross_validated_r2(NOISE, other, FOLD)[0] < 0.02


def test_half_of_the_variance_is_half() -> None:
    label = NOISE[:, :1] + RANDOM.normal(size=(ROWS, 1))
    assert cross_validated_r2(NOISE, label, FOLD)[0] == pytest.approx(0.5, abs=0.06)
    assert single_r2(NOISE, label, FOLD)[0, 0] == pytest.approx(0.5, abs=0.06)


def test_what_holds_in_one_fold_only_is_not_believed() -> None:
    label = np.where(FOLD == 0, 1.0, -1.0)[:, None] * NOISE[:, :1]
    assert cross_validated_r2(NOISE, label, FOLD)[0] < 0.05


def test_the_unit_that_follows_best_is_named_beside_what_the_inputs_say() -> None:
    hidden = np.column_stack([NOISE[:, 3], SIGNAL + 0.1 * NOISE[:, 4]])
    labels = np.column_stack([SIGNAL, np.ones(ROWS)])
    (found,) = probe(hidden, NOISE[:, :1], labels, FOLD, ['signal', 'constant'], ['a', 'b'])
    assert (found.label, found.unit) == ('signal', 'b')
    assert found.unit_r2 == pytest.approx(5.0 / 5.01, abs=0.01)
    assert found.baseline_r2 == pytest.approx(0.2, abs=0.06)
    assert found.both_r2 > 0.99


def test_three_trajectories_are_left_out_in_turn() -> None:
    fold, said = folds(['a', 'a', 'b', 'c'], 4)
    np.testing.assert_array_equal(fold, [0, 0, 1, 2])
    assert said == '3 groups of trajectories'


def test_of_one_trajectory_stretches_of_time_are_left_out() -> None:
    fold, said = folds(['a'] * 10, 10)
    np.testing.assert_array_equal(fold, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    assert said == '5 stretches of time'


DT = 0.05


def run(*velocity: float) -> Run:
    rows = np.array(velocity)[:, None]
    return Run(name='a', observations=rows, velocity=rows)


def test_the_sign_of_friction_is_zero_at_rest() -> None:
    found = labels(run(1.0, 0.001, -1.0), DT, {})
    np.testing.assert_array_equal(found[:, 0], [1.0, 0.0, -1.0])


def test_a_reversal_is_recent_for_a_tenth_of_a_second() -> None:
    found = labels(run(1.0, 1.0, -1.0, -1.0, -1.0, -1.0), DT, {})
    np.testing.assert_array_equal(found[:, 1], [0, 0, 1, 1, 0, 0])


def test_a_rest_between_two_motions_in_one_direction_is_no_reversal() -> None:
    assert not labels(run(1.0, 0.0, 0.0, 1.0, 1.0), DT, {})[:, 1].any()
    np.testing.assert_array_equal(labels(run(1.0, 0.0, -1.0, -1.0), DT, {})[:, 1], [0, 0, 1, 1])


def test_a_payload_is_that_of_the_trajectory() -> None:
    np.testing.assert_array_equal(labels(run(1.0, 2.0), DT, {'a': 1.5})[:, 2], 1.5)


def test_labels_have_names(load: Callable[..., LoadedModel]) -> None:
    card = load(n_joints=1).card
    assert label_names(card, {}) == ['friction sign of joint1', 'reversal of joint1']
    assert label_names(card, {'a': 1.0})[-1] == 'payload'


def test_the_sign_of_a_velocity_is_told_without_memory(load: Callable[..., LoadedModel]) -> None:
    card = load(n_joints=1).card
    observations = np.random.default_rng(0).normal(size=(50, 3))
    inputs = memoryless_inputs(card, observations)
    np.testing.assert_array_equal(inputs[:, :3], observations)
    signs = np.sign(observations[:, 1])
    assert any(np.corrcoef(column, signs)[0, 1] > 0.9 for column in inputs.T)
